import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOMS } from '../../../scripts/rooms.ts'

/** The maximum of files in a room before it is divided. */
const MOST = 14

/** The files below a folder, each with what it imports there, types included. */
function importsIn(root: string): Map<string, string[]> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => name.replaceAll('\\', '/'))
  const importsOf = (file: string) => {
    const found = readFileSync(join(root, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
    return [...found].map(([, path = '']) => relative(root, join(root, dirname(file), path)).replaceAll('\\', '/'))
  }
  return new Map(files.map((file) => [file, importsOf(file).filter((one) => files.includes(one))]))
}

const roomOf = (file: string) => dirname(file).replace(/^\.$/, '')

const imports = importsIn('src')
const files = [...imports.keys()]

/** The first circle in a graph, as the names along it; undefined if there is none. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const follow = (name: string, way: string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const next of graph.get(name) ?? []) {
      const circle = follow(next, [...way, name])
      if (circle) return circle
    }
    done.add(name)
    return undefined
  }
  for (const name of graph.keys()) {
    const circle = follow(name, [])
    if (circle) return circle
  }
  return undefined
}

describe.each(['src', 'sandbox', 'programs'])('%s/', (root) => {
  const graph = importsIn(root)

  test('no file imports itself through others, types included', () => {
    expect(graph.size).toBeGreaterThan(5)
    expect(circleIn(graph)).toBeUndefined()
  })

  test('no folder imports itself through others', () => {
    const folders = Map.groupBy(graph, ([file]) => roomOf(file))
    const known = [...folders].map(([folder, own]): [string, string[]] => {
      const rooms = new Set(own.flatMap(([, ones]) => ones).map(roomOf))
      return [folder, [...rooms].filter((one) => one !== folder)]
    })
    expect(circleIn(new Map(known))).toBeUndefined()
  })
})

describe('the rooms of src/', () => {
  test('the arrows between rooms form no circle', () => {
    expect(circleIn(new Map(Object.entries(ROOMS).map(([name, { knows }]) => [name, knows])))).toBeUndefined()
  })

  test('every file is in a room, and every room has files', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(ROOMS).sort())
  })

  test.each(Object.keys(ROOMS))('"%s" imports only allowed rooms, uses every arrow, and is not too full', (room) => {
    const own = files.filter((file) => roomOf(file) === room)
    const known = new Set(own.flatMap((file) => imports.get(file) ?? []).map(roomOf))
    const foreign = [...known].filter((one) => one !== room && one !== 'base')
    expect(foreign.sort()).toEqual([...(ROOMS[room]?.knows ?? [])].sort())
    expect(own.length).toBeLessThanOrEqual(MOST)
  })
})

test('docs/architecture.md names only files that exist', () => {
  const text = readFileSync('docs/architecture.md', 'utf8')
  const named = [...text.matchAll(/`((?:src|sandbox|programs|scripts|views|manual|test|evals)\/[\w./-]*)`/g)]
  expect(named.length).toBeGreaterThan(50)
  expect(named.map(([, path = '']) => path).filter((path) => !existsSync(path))).toEqual([])
})
