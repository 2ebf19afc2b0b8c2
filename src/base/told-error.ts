// Errors whose message is made for the model: the one boundary (src/tools/kit/register.ts) passes their words on, and of any
// other error only a number to report.

/** An error that a model may read: it says what failed and what to do. */
export abstract class ToldError extends Error {
  abstract override readonly name: string
}

/** A wrong argument. The message is for the model: which argument, what is wrong, what a right one looks like. */
export class UserError extends ToldError {
  override readonly name = 'UserError'
}
