import { describe, expect, test } from 'vitest'
import { classify } from '../../../src/access/risk/risk.ts'
import { GOVERNING_TYPES, ROUTES } from '../../../src/access/risk/routes.ts'
import { confine, relativeTo } from '../../../src/fhir/path.ts'
import { batch, entry, filled, kindOf, LINES, rank } from './risks.ts'

const BASE = new URL('https://api.medplum.com/fhir/R4/')

describe('every line of the table', () => {
  test.each(LINES)('$method $path: $kind', ({ method, path, kind }) => {
    const place = filled(path)
    const sent = relativeTo(BASE, confine(place, BASE))
    expect(classify({ method, path: sent })).toMatchObject({ kind })
    expect(classify({ method: 'POST', path: '', body: batch(entry(method, `${place}`)) }).parts).toMatchObject([
      { kind },
    ])
  })

  test('has each route once, with a reason', () => {
    const keys = LINES.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { why } of ROUTES) expect(why).not.toBe('')
  })

  test('counts no operation as a read because of its method, place or letter case', () => {
    const listed = new Set(LINES.map(({ method, path }) => `${method} ${path}`))
    for (const { method, path } of LINES.filter((line) => line.path.includes('$') && !line.path.includes('?'))) {
      for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (listed.has(`${other} ${path}`)) continue
        expect(rank(kindOf(other, filled(path))), `${other} ${path}`).toBeGreaterThanOrEqual(rank('operate'))
      }
      if (path === '$versions') continue
      for (const moved of [`${filled(path)}/more`, `Nope/1/2/${filled(path)}`, filled(path).toUpperCase()]) {
        const kind = kindOf(method, moved)
        expect(rank(kind), `${method} ${moved}`).toBeGreaterThanOrEqual(rank('operate'))
        expect(rank(kind), `${method} ${moved}`).toBeGreaterThanOrEqual(rank(kindOf(method, filled(path))))
      }
    }
  })
})

describe('types that govern access or run code', () => {
  test.each(Object.keys(GOVERNING_TYPES))('%s', (type) => {
    expect(kindOf('GET', `${type}/1`)).toBe('read')
    expect(kindOf('GET', type)).toBe('read')
    expect(kindOf('POST', `${type}/_search`)).toBe('read')
    expect(kindOf('POST', `${type}/$validate`)).toBe('read')
    expect(kindOf('POST', type)).toBe('admin')
    expect(kindOf('POST', `${type}/1/$refresh-reference-display`)).toBe('admin')
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      for (const path of [type, `${type}/1`, `${type}?name=x`, type.toLowerCase(), `${type}/1/2/3`]) {
        expect(kindOf(method, path), `${method} ${path}`).toBe('admin')
      }
    }
    for (const verb of ['Create', 'Update', 'Patch', 'Delete']) {
      expect(kindOf('POST', '$graphql', { query: `mutation { ${type}${verb}(id: "1") { id } }` })).toBe('admin')
    }
    expect(kindOf('POST', '', batch(entry('GET', 'Patient/1'), entry('PATCH', `${type}/1`)))).toBe('admin')
  })
})

describe('unlisted operations', () => {
  test.each([
    ['GET', 'Patient/1/$nope'],
    ['DELETE', '$nope'],
    ['GET', 'Bot/$execute/appended/path'],
    ['GET', 'bot/1/$EXECUTE'],
    ['GET', 'Patient/1/$everything/$nope'],
    ['GET', '$nope/Patient/1'],
    ['GET', 'Patient/$expand'],
    ['GET', 'Patient/1?x=/$nope'],
    ['GET', 'Patient?_tag=http://x/$nope'],
    ['HEAD', 'Bot/1/$execute'],
    ['DELETE', 'Job/1/STATUS'],
  ])('%s %s is an operation', (method, path) => expect(kindOf(method, path)).toBe('operate'))

  test.each([
    ['GET', 'Patient/1/$expunge'],
    ['POST', 'Patient/$expunge'],
    ['POST', '$expunge'],
    ['POST', 'Patient/1/$EXPUNGE'],
    ['GET', '$db-anything-new'],
    ['POST', 'Patient/1/$validate/$deploy'],
  ])('%s %s has the risk of its namesake', (method, path) => expect(kindOf(method, path)).toBe('admin'))
})

describe('another spelling of a path', () => {
  const ways: [string, (path: string) => string][] = [
    ['leading slash', (path) => `/${path}`],
    ['base path', (path) => `fhir/R4/${path}`],
    ['base path and slash', (path) => `/fhir/R4/${path}`],
    ['base path of a proxy', (path) => `/medplum/fhir/R4/${path}`],
    ['full URL', (path) => `https://api.medplum.com/fhir/R4/${path}`],
    ['double slashes', (path) => `//${path.replaceAll('/', '//')}`],
    ['escaped dollar', (path) => path.replaceAll('$', '%24')],
    ['escaped letters', (path) => path.replace(/^[A-Z]/, (char) => `%${char.charCodeAt(0).toString(16)}`)],
    ['trailing slash', (path) => path.replace(/(\?|$)/, '/$1')],
    ['fragment', (path) => `${path}#x`],
  ]
  test.each(ways)('%s', (_, rewrite) => {
    for (const { method, path } of LINES) {
      const plain = rank(kindOf(method, filled(path)))
      const other = rewrite(filled(path))
      expect(rank(kindOf(method, other)), `${method} ${other}`).toBeGreaterThanOrEqual(plain)
      const wrapped = kindOf('POST', '', batch(entry(method.toLowerCase(), other)))
      expect(rank(wrapped), `entry ${method} ${other}`).toBeGreaterThanOrEqual(path === '' ? 0 : plain)
    }
  })

  test.each([
    ...['..', 'Patient/../Bot', 'Patient/1;x', 'urn:uuid:5', 'Patient/%zz', 'Patient\\1', 'https://evil.example/x'],
  ])('%s is odd and counts as an operation', (path) => expect(kindOf('GET', path)).toBe('operate'))

  test('a method that FHIR does not have counts as an operation', () =>
    expect(kindOf('TRACE', 'Patient/1')).toBe('operate'))
})
