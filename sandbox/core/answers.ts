/** The forms of Medplum's answers: OperationOutcomes with a tracing extension, JSON, and Express's pages. */
import { randomUUID } from 'node:crypto'
import { getStatus, OperationOutcomeError } from '@medplum/core'
import type { OperationOutcome } from '@medplum/fhirtypes'

export const FHIR_JSON = 'application/fhir+json; charset=utf-8'

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
}

/** Express's `res.send(string)`: a string without a declared type is sent as HTML. */
export function plainPage(text: string, status: number): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/html; charset=utf-8' } })
}

export function redirect(location: string): Response {
  return new Response(`Found. Redirecting to ${location}`, {
    status: 302,
    headers: { 'content-type': 'text/plain; charset=utf-8', location },
  })
}

/** Express's page for a path outside every router. */
export function cannotPage(method: string, path: string): Response {
  const escaped = path.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
  return plainPage(
    `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot ${method} ${escaped}</pre>\n</body>\n</html>\n`,
    404,
  )
}

function traced(outcome: OperationOutcome): OperationOutcome {
  return {
    ...outcome,
    extension: [
      {
        url: 'https://medplum.com/fhir/StructureDefinition/tracing',
        extension: [
          { url: 'requestId', valueId: randomUUID() },
          { url: 'traceId', valueId: randomUUID() },
        ],
      },
    ],
  }
}

export function outcome(result: OperationOutcome, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(traced(result)), {
    status: getStatus(result),
    headers: { 'content-type': FHIR_JSON, ...headers },
  })
}

/** RFC 6749 section 5.2, with the words that Medplum uses. */
export function oauthError(error: string, description: string): Response {
  return json({ error, error_description: description }, 400)
}

export const fail = (outcome: OperationOutcome) => new OperationOutcomeError(outcome)
