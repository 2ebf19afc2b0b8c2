// Workers KV as a grant's object sees it. For up to a minute KV may return an old value. All token requests of a grant pass through
// its object, so the object can remember what it wrote.

/** Longer than KV's delay. After this, only KV's values count, since others delete there, too. */
const BEHIND_MS = 120_000
const RECORD = 'record'

interface Written {
  /** Milliseconds since the epoch. */
  at: number
  /** null: deleted. */
  value: string | null
}

interface HeldBack {
  value: string
  options: KVNamespacePutOptions | undefined
}

/** KV with its own recent writes visible. Those of the grant's record are also stored, so that they survive a restart. */
export class ConsistentKv {
  /** KV as the provider should see it. */
  readonly kv: KVNamespace
  readonly #kv: KVNamespace
  readonly #storage: SyncKvStorage
  readonly #grantKey: string
  readonly #isActive: () => boolean
  readonly #recent = new Map<string, Written>()
  #holding = false
  #heldBack: HeldBack | undefined

  /**
   * @param grantKey the key of the grant's record in KV
   * @param isActive whether the grant is active: nothing of a grant that has ended is stored again
   */
  constructor(kv: KVNamespace, storage: SyncKvStorage, grantKey: string, isActive: () => boolean) {
    this.#kv = kv
    this.#storage = storage
    this.#grantKey = grantKey
    this.#isActive = isActive
    const own: Pick<KVNamespace, 'list'> & Record<'get' | 'put' | 'delete', unknown> = {
      get: (key: string, options?: unknown) => this.#get(key, options),
      put: (key: string, value: string, options?: KVNamespacePutOptions) => this.#put(key, value, options),
      delete: (key: string) => this.#delete(key),
      list: (options) => kv.list(options),
    }
    this.kv = own as unknown as KVNamespace
  }

  /**
   * Runs one token request. The provider writes the grant's record before the token that it answers with; here it is written last, so
   * that a request whose token could not be stored has used up neither code nor refresh token.
   */
  async recordLast(request: () => Promise<Response>): Promise<Response> {
    this.#holding = true
    try {
      const response = await request()
      this.#holding = false
      if (this.#heldBack && response.ok) await this.#put(this.#grantKey, this.#heldBack.value, this.#heldBack.options)
      return response
    } finally {
      this.#holding = false
      this.#heldBack = undefined
    }
  }

  /** Forgets what was written. */
  clear(): void {
    this.#recent.clear()
    this.#storage.delete(RECORD)
  }

  async #get(key: string, options: unknown): Promise<unknown> {
    const own = this.#own(key)
    const value = own ? own.value : await this.#kv.get(key)
    return value !== null && typeOf(options) === 'json' ? JSON.parse(value) : value
  }

  async #put(key: string, value: string, options?: KVNamespacePutOptions): Promise<void> {
    if (this.#holding && key === this.#grantKey) {
      this.#heldBack = { value, options }
      return
    }
    await this.#kv.put(key, value, options)
    this.#note(key, value)
  }

  async #delete(key: string): Promise<void> {
    await this.#kv.delete(key)
    this.#note(key, null)
  }

  #own(key: string): Written | undefined {
    const own = this.#recent.get(key) ?? (key === this.#grantKey ? this.#storage.get<Written>(RECORD) : undefined)
    return own && Date.now() - own.at < BEHIND_MS ? own : undefined
  }

  #note(key: string, value: string | null): void {
    const now = Date.now()
    for (const [other, { at }] of this.#recent) if (now - at >= BEHIND_MS) this.#recent.delete(other)
    this.#recent.set(key, { at: now, value })
    if (key !== this.#grantKey) return
    if (value === null) this.#storage.delete(RECORD)
    else if (this.#isActive()) this.#storage.put<Written>(RECORD, { at: now, value })
  }
}

/** The requested form: the provider reads only text and JSON. */
function typeOf(options: unknown): unknown {
  return typeof options === 'object' && options !== null && 'type' in options ? options.type : options
}
