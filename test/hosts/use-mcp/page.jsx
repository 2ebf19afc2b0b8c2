/** A web page with the hook of use-mcp, as its README shows it: the state, the tools, a form to call one, what it returned. */
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { onMcpAuthorization } from 'use-mcp'
import { useMcp } from 'use-mcp/react'

function Host({ url }) {
  const { state, error, tools, callTool } = useMcp({ url, clientName: 'use-mcp page', autoReconnect: true })
  const [answer, setAnswer] = useState('')
  const call = async (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    setAnswer('')
    const result = await callTool(form.get('name'), JSON.parse(form.get('args'))).catch((error) => ({
      error: error.message,
    }))
    setAnswer(JSON.stringify(result ?? { error: 'signed in again; call again' }))
  }
  return (
    <>
      <p role="status">{state}</p>
      <p role="alert">{error}</p>
      <ul>
        {tools.map(({ name }) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      <form onSubmit={call}>
        <input name="name" aria-label="Tool" />
        <textarea name="args" aria-label="Arguments" />
        <button type="submit">Call</button>
      </form>
      <output>{answer}</output>
    </>
  )
}

const { pathname, searchParams } = new URL(location.href)
if (pathname === '/oauth/callback') onMcpAuthorization()
else createRoot(document.body).render(<Host url={searchParams.get('server')} />)
