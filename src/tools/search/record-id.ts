// How `search` and `fetch` name a record: by type and id, and by a link that a person can open.

import type { Caller } from '../../call/caller.ts'
import { UUID } from '../../fhir/ids.ts'

const REFERENCE = /^\/?([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9.-]{1,64})$/

export interface RecordId {
  type: string
  id: string
}

/**
 * The record that a text names: `Patient/ID`, or an address of the Medplum App (with or without one of its tabs), of the FHIR
 * API or of an MCP resource; undefined for everything else, such as an address of another server.
 */
export function recordIdIn(text: string, { appUrl, fhirBase }: Caller['medplum']): RecordId | undefined {
  const given = text.trim()
  const root = ['fhir:///', fhirBase.href, appUrl?.href].find((one) => one !== undefined && given.startsWith(one))
  const path = root === undefined ? given : given.slice(root.length).split(/[?#]/, 1)[0]
  // After the id, an address of the App has a tab, one of the API a version.
  const place = root === undefined ? path : path?.split('/').slice(0, 2).join('/')
  const [, type, id] = REFERENCE.exec(place ?? '') ?? []
  return type && id && !/^\.+$/.test(id) ? { type, id } : undefined
}

/** Whether this is only an id, without a type. */
export function isUuid(text: string): boolean {
  return UUID.test(text.trim())
}

/** Where a person can see the record in the Medplum App; empty if the App is unknown, since a FHIR address is of no use to people. */
export function linkTo({ type, id }: RecordId, { appUrl }: Caller['medplum']): string {
  return appUrl ? new URL(`${type}/${id}`, appUrl).href : ''
}
