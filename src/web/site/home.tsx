// The home page: what this is, the one address to add to a client, and how.
import type { FC } from 'hono/jsx'
import { ICON_PATH } from '../../base/version.ts'
import { Layout, Notice } from '../shared/layout.tsx'
import { COPY_SCRIPT_PATH } from './assets.ts'
import type { Guide } from './guide.ts'

/** Text with `code` in backticks. */
const Text: FC<{ text: string }> = ({ text }) => (
  <>{text.split('`').map((part, index) => (index % 2 ? <code>{part}</code> : part))}</>
)

/** Text to copy, which wraps between words only; a script adds a button. */
const Copyable: FC<{ text: string }> = ({ text }) => (
  <div class="copy">
    <pre>
      {text.split(' ').map((word, index) => (
        <>
          {index > 0 && ' '}
          <span>{word}</span>
        </>
      ))}
    </pre>
  </div>
)

export const Home: FC<{ guide: Guide }> = ({ guide }) => (
  <Layout title="Medplum MCP" script={COPY_SCRIPT_PATH}>
    <img src={ICON_PATH} alt="" width="48" height="48" />
    <h1>{guide.title}</h1>
    {guide.lead.map((text) => (
      <p>
        <Text text={text} />
      </p>
    ))}
    <Notice />
    <h2>Connect</h2>
    <p>{guide.address}</p>
    <Copyable text={guide.mcpUrl} />
    <p class="actions">
      {guide.buttons.map(({ label, href }) => (
        <a class="button" href={href}>
          {label}
        </a>
      ))}
    </p>
    {guide.clients.map(({ name, command, steps }) => (
      <>
        <h3>{name}</h3>
        {command && <Copyable text={command} />}
        {steps.length > 1 ? (
          <ol>
            {steps.map((step) => (
              <li>
                <Text text={step} />
              </li>
            ))}
          </ol>
        ) : (
          steps.map((step) => (
            <p>
              <Text text={step} />
            </p>
          ))
        )}
      </>
    ))}
    <h2>Tools</h2>
    <dl>
      {guide.tools.map(([name, purpose]) => (
        <>
          <dt>
            <code>{name}</code>
          </dt>
          <dd>
            <Text text={purpose} />
          </dd>
        </>
      ))}
    </dl>
    <h2>More</h2>
    <ul>
      {guide.links.map(({ label, href, about }) => (
        <li>
          <a href={href}>{label}</a>
          {about && `: ${about}`}
        </li>
      ))}
    </ul>
  </Layout>
)
