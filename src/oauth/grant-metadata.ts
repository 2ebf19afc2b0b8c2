// The unencrypted metadata that the provider stores with a grant, for the list of connections.
import type { Narrowing } from '../access/narrow/narrowing.ts'

/** The metadata of a grant: nothing that KV doesn't already contain, and no record ids. */
export interface GrantMetadata {
  clientName: string
  /** The resource types that it is narrowed to. */
  types?: readonly string[]
  /** Whether it is narrowed to one patient. Only its props say which. */
  onePatient?: true
  /** A digest that is the same for all sign-ins in one browser; absent from older grants. */
  browser?: string
  /** Kind of device that the person signed in on. */
  device?: string
}

export function metadataOf(
  clientName: string,
  { types, patient }: Narrowing,
  mark: Pick<GrantMetadata, 'browser' | 'device'>,
): GrantMetadata {
  return {
    clientName,
    ...mark,
    ...(types && types.length > 0 && { types }),
    ...(patient !== undefined && { onePatient: true }),
  }
}
