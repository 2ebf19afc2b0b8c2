/** Asynchronous jobs, each of which finishes after a set time. */

export class Jobs {
  /** How long a job takes, in ms. */
  ms: number
  private pending: { due: number; finish(): Promise<void> }[] = []
  private readonly now: () => number

  constructor(now: () => number, ms: number) {
    this.now = now
    this.ms = ms
  }

  clear(): void {
    this.pending = []
  }

  add(finish: () => Promise<void>): void {
    this.pending.push({ due: this.now() + this.ms, finish })
  }

  /** Finishes the jobs that are due. */
  async settle(): Promise<void> {
    const now = this.now()
    const due = this.pending.filter((one) => one.due <= now)
    this.pending = this.pending.filter((one) => one.due > now)
    await Promise.all(due.map((one) => one.finish()))
  }
}
