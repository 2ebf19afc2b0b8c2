// Why setup can't go on, and what to do about it.

export class Stop extends Error {
  readonly cure: string
  constructor(problem: string, cure: string) {
    super(problem)
    this.name = 'Stop'
    this.cure = cure
  }
}
