// Reads the records of an export's file for a digest: one on each line (NDJSON), part by part.
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { FhirClient } from '../../client/client.ts'
import type { ReadOptions } from '../../client/read-all.ts'
import type { FhirRequest } from '../../client/request.ts'
import { MAX_PART } from '../../text/file.ts'

/** Maximum number of parts; more would take too long, since Medplum sends the file from its start for each part. */
const MAX_PARTS = 8
const TOO_LARGE = `a digest reads at most the first ${MAX_PARTS} MiB of a file`
/** Advice for a file that is too large to be counted completely. */
export const NARROWER = 'Export less per file, e.g. with _type or _since.'

type Kept = Record<string, unknown>

interface FileRecords {
  resources: Record<string, unknown>[]
  /** Why not all records of the file are here; undefined if they are. */
  partial: string | undefined
}

export function isFilePath(path: string): boolean {
  return /^Binary\/[^/?]+$/.test(path)
}

/** @throws {UserError} for a file that contains anything but records */
export async function recordsOfFile(
  fhir: FhirClient,
  request: FhirRequest,
  { cap, signal, keep }: Pick<ReadOptions, 'cap' | 'signal'> & { keep(resource: Kept): Kept },
): Promise<FileRecords> {
  const resources: Record<string, unknown>[] = []
  const decoder = new TextDecoder()
  let rest = ''
  for (let at = 0; ; at++) {
    const part = { offset: at * MAX_PART.bytes, length: MAX_PART.bytes }
    const { body, file } = await fhir.send({ ...request, repeatable: true, part, signal })
    const isLast = !file?.more
    const text = rest + (body instanceof Uint8Array ? decoder.decode(body, { stream: !isLast }) : JSON.stringify(body))
    const lines = text.split('\n')
    rest = isLast ? '' : (lines.pop() ?? '')
    for (const line of lines) if (line.trim() !== '') resources.push(keep(recordOf(line)))
    const isFull = resources.length > cap || (resources.length === cap && !isLast)
    if (!isLast && !isFull && at + 1 < MAX_PARTS) continue
    const why = isFull ? `a digest counts at most ${cap.toLocaleString('en-US')}` : TOO_LARGE
    return {
      resources: resources.slice(0, cap),
      partial: isLast && !isFull ? undefined : why,
    }
  }
}

function recordOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (isRecord(value) && typeof value.resourceType === 'string') return value
  } catch {
    // Reported below.
  }
  throw new UserError(
    'This file does not have one FHIR record per line (NDJSON), so nothing can be counted. Read it with fhir-read.',
  )
}
