// Files that a running `wrangler dev` watches.
import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'

/**
 * Writes a file if its text changes. Any write would make a running `wrangler dev` restart its Worker and end its streams. Readers
 * always find a complete file.
 */
export async function writeChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
  const part = `${path}.${randomUUID()}`
  await writeFile(part, text)
  await rename(part, path)
}
