import { mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeChanged } from '../../../scripts/write-changed.ts'

test('a file is written if its text changes, and left alone if not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-write-'))
  const path = join(folder, 'page.html')
  await writeChanged(path, 'one')
  await utimes(path, 1, 1)
  await writeChanged(path, 'one')
  expect((await stat(path)).mtimeMs).toBe(1000)
  await writeChanged(path, 'two')
  expect((await stat(path)).mtimeMs).toBeGreaterThan(1000)
  expect([await readFile(path, 'utf8'), await readdir(folder)]).toEqual(['two', ['page.html']])
  await rm(folder, { recursive: true })
})
