// What the flag `nodejs_als` adds to the runtime; its generated types leave it out.
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, work: () => R): R
    getStore(): T | undefined
  }
}
