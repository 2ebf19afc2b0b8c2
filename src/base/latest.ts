/** A map of limited size: an entry that is set becomes the newest, and the oldest one is dropped. */
export class Latest<Value> extends Map<string, Value> {
  readonly #most: number
  constructor(most: number) {
    super()
    this.#most = most
  }

  override set(key: string, value: Value): this {
    this.delete(key)
    super.set(key, value)
    const [oldest] = this.keys()
    if (this.size > this.#most && oldest !== undefined) this.delete(oldest)
    return this
  }
}
