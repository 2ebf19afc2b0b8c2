import * as fc from 'fast-check'

export const SECRET = 'unmistakable-secret'

export const secret = fc.uuid().map((id) => `${SECRET}-${id}`)
