// Questions about the clinic that programs of fhir-compute answer, compared with the truth.
import { describe, expect, test } from 'vitest'
import { allOf, type Resource } from '../world/medplum.ts'
import { medplum, OWN, returned, setUp } from './computing.ts'

setUp()

describe('a program', () => {
  const sum = (list: number[]) => list.reduce((all, one) => all + one, 0)
  const total = ({ total }: Resource) => (total as { value: number } | undefined)?.value ?? 0
  const subjectOf = ({ subject }: Resource) => (subject as { reference: string } | undefined)?.reference ?? ''
  const isOf = (code: string) => (one: Resource) => JSON.stringify(one.code ?? null).includes(`"${code}"`)

  const QUESTIONS: Record<string, { code: string; truth: () => Promise<unknown> }> = {
    'sorts ten thousand texts by locale': {
      code: 'return Array.from({ length: 1e4 }, (_, i) => "2024-01-01T" + ((i * 7919) % 1e4)).sort((a, b) => a.localeCompare(b)).length',
      truth: async () => 10_000,
    },
    'sorts ten thousand texts by locale and number': {
      code: 'return Array.from({ length: 1e4 }, (_, i) => "B" + ((i * 7919) % 1e4)).sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))[10]',
      truth: async () => 'B10',
    },
    'writes ten thousand dates and numbers': {
      code: 'let n = 0; for (let i = 0; i < 1e4; i++) n += (new Date(i * 864e5).toLocaleDateString("en-US") + i.toLocaleString()).length; return n > 1e5',
      truth: async () => true,
    },
    'writes dates and numbers in a locale': {
      code: 'return [new Date(0).toLocaleDateString([], { month: "short", timeZone: "UTC" }), (1234.5).toLocaleString("en-US"), "i".toLocaleUpperCase("tr"), "é".normalize("NFD").length]',
      truth: async () => ['Jan', '1,234.5', 'İ', 2],
    },
    'counts patients': {
      code: 'return fhir.count("Patient?active=true")',
      truth: async () => (await allOf(medplum, 'Patient?active=true')).length,
    },
    'adds up the claims': {
      code: 'const all = await fhir.search("Claim"); return Math.round(all.reduce((s, c) => s + (c.total?.value ?? 0), 0) * 100)',
      truth: async () => Math.round(sum((await allOf(medplum, 'Claim')).map(total)) * 100),
    },
    'finds who has one thing and not the other': {
      code: `const [a, b] = await Promise.all([fhir.search('Condition?code=44054006'), fhir.search('Condition')])
        const has = new Set(a.map((o) => o.subject.reference))
        return [...new Set(b.map((c) => c.subject.reference ?? ''))].filter((one) => !has.has(one)).sort()`,
      truth: async () => {
        const has = new Set((await allOf(medplum, 'Condition?code=44054006')).map(subjectOf))
        const all = await allOf(medplum, 'Condition')
        return [...new Set(all.map(subjectOf))].filter((one) => !has.has(one)).sort()
      },
    },
    'takes the latest of each patient': {
      code: `const latest = {}
        for (const o of await fhir.search('Observation?code=4548-4')) {
          const who = o.subject.reference
          if (!latest[who] || latest[who].effectiveDateTime < o.effectiveDateTime) latest[who] = o
        }
        return Object.entries(latest).map(([who, o]) => [who, o.valueQuantity?.value ?? null]).sort()`,
      truth: async () => {
        const latest = new Map<string, Resource>()
        for (const one of await allOf(medplum, 'Observation?code=4548-4')) {
          const before = latest.get(subjectOf(one))
          if (!before || String(before.effectiveDateTime) < String(one.effectiveDateTime))
            latest.set(subjectOf(one), one)
        }
        return [...latest]
          .map(([who, one]) => [who, (one.valueQuantity as { value: number } | undefined)?.value ?? null])
          .sort()
      },
    },
    'groups by month': {
      code: `return Object.entries(Object.groupBy(await fhir.search('Encounter'), (e) => e.period?.start?.slice(0, 7) ?? 'none'))
        .map(([month, list]) => [month, list.length]).sort()`,
      truth: async () => {
        const found: Record<string, number> = {}
        for (const { period } of await allOf(medplum, 'Encounter')) {
          const month = (period as { start?: string } | undefined)?.start?.slice(0, 7) ?? 'none'
          found[month] = (found[month] ?? 0) + 1
        }
        return Object.entries(found).sort()
      },
    },
    'ranks codes': {
      code: `const counts = new Map()
        for (const { code } of await fhir.search('Condition')) {
          const name = code?.coding?.[0]?.code ?? ''
          counts.set(name, (counts.get(name) ?? 0) + 1)
        }
        return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 5)`,
      truth: async () => {
        const counts = new Map<string, number>()
        for (const { code } of await allOf(medplum, 'Condition')) {
          const name = (code as { coding?: { code: string }[] } | undefined)?.coding?.[0]?.code ?? ''
          counts.set(name, (counts.get(name) ?? 0) + 1)
        }
        return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 5)
      },
    },
    'matches names': {
      code: `return (await fhir.search('Patient')).filter((p) => p.name?.some((n) => /^[A-D]\\w*$/i.test(n.family ?? ''))).map((p) => p.id).sort()`,
      truth: async () =>
        (await allOf(medplum, 'Patient'))
          .filter(({ name }) =>
            (name as { family?: string }[] | undefined)?.some((one) => /^[A-D]\w*$/i.test(one.family ?? '')),
          )
          .map(({ id }) => id)
          .sort(),
    },
    'reads a chart': {
      code: `const found = {}
        for (const { resourceType } of await fhir.search('Patient/${OWN}/$everything')) found[resourceType] = (found[resourceType] ?? 0) + 1
        return Object.entries(found).sort()`,
      truth: async () => {
        const found: Record<string, number> = {}
        for (const { resourceType } of await allOf(medplum, `Patient/${OWN}/$everything`))
          found[resourceType] = (found[resourceType] ?? 0) + 1
        return Object.entries(found).sort()
      },
    },
    'reads one record': {
      code: `return (await fhir.get('Patient/${OWN}')).birthDate`,
      truth: async () => (await allOf(medplum, `Patient?_id=${OWN}`))[0]?.birthDate,
    },
    'follows references': {
      code: `const patients = Object.fromEntries((await fhir.search('Patient')).map((p) => [\`Patient/\${p.id}\`, p.gender]))
        const found = { male: 0, female: 0 }
        for (const c of await fhir.search('Condition')) { const g = patients[c.subject.reference]; if (g in found) found[g]++ }
        return [found.male, found.female]`,
      truth: async () => {
        const genders = new Map((await allOf(medplum, 'Patient')).map((one) => [`Patient/${one.id}`, one.gender]))
        const all = (await allOf(medplum, 'Condition')).map((one) => genders.get(subjectOf(one)))
        return ['male', 'female'].map((gender) => all.filter((one) => one === gender).length)
      },
    },
    'computes a median': {
      code: `const v = (await fhir.search('Observation?code=4548-4')).flatMap((o) => o.valueQuantity?.value ?? []).toSorted((a, b) => a - b)
        return v.length % 2 ? v[(v.length - 1) / 2] : (v[v.length / 2 - 1] + v[v.length / 2]) / 2`,
      truth: async () => {
        const all = (await allOf(medplum, 'Observation')).filter(isOf('4548-4'))
        const values = all.flatMap((one) => (one.valueQuantity as { value: number } | undefined)?.value ?? [])
        values.sort((a, b) => a - b)
        const half = values.length / 2
        return values.length % 2 ? values[Math.floor(half)] : ((values[half - 1] ?? 0) + (values[half] ?? 0)) / 2
      },
    },
    'compares two searches of thousands': {
      code: `const all = await fhir.search('Observation'); return [all.length, new Set(all.map((o) => o.id)).size]`,
      truth: async () => {
        const { length } = await allOf(medplum, 'Observation')
        return [length, length]
      },
    },
  }
  test.each(Object.entries(QUESTIONS))('%s', async (_, { code, truth }) => {
    const known = await truth()
    expect(JSON.stringify(known)).not.toMatch(/^(?:0|null|\[\]|\{\})$/)
    expect(await returned(code)).toEqual(known)
  })
})
