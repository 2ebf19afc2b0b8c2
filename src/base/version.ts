// The version of this server, as clients and Medplum see it; package.json has the same.

export const VERSION = '0.1.0'

/** Where the server's icon is, below its origin. */
export const ICON_PATH = '/favicon.svg'
