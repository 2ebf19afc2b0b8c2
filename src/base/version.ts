// The version of this server, as clients and Medplum are told; package.json says the same.

export const VERSION = '0.1.0'
