// The tokens of answers: 24 fixed requests to the sandbox's clinic, through a real MCP client and the running Worker, compared with the
// extended JSON that Medplum's own MCP server returns for the same requests.
import { encode } from 'gpt-tokenizer'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import { type Bench, openBench, type Request } from './bench-world.ts'
import { median } from './workerd.ts'

const GOAL = 0.2
const GOAL_SELECTED = 0.05
const BUDGET = 60_000

const chart = PATIENT_IDS.diabetic

interface Case extends Request {
  /** Columns that a task of this kind would ask for. */
  select?: string[]
}

const values = ['effectiveDateTime', 'code.text', 'valueQuantity.value']

/** Reads and searches of 1 to 1,000 over the types that people ask for, charts, histories, batches, metadata and errors. */
const CASES: readonly Case[] = [
  { path: `Patient/${chart}`, select: ['name.family', 'birthDate'] },
  { path: 'Patient?_count=1', select: ['name.family', 'birthDate'] },
  {
    path: `Observation?subject=Patient/${chart}&code=4548-4&_sort=-date&_count=10`,
    select: ['effectiveDateTime', 'valueQuantity.value'],
  },
  { path: 'Patient?_count=20', select: ['name.family', 'birthDate'] },
  { path: 'Task?_count=20', select: ['status', 'description'] },
  { path: 'Encounter?_count=50', select: ['period.start', 'type.text'] },
  {
    path: `MedicationRequest?subject=Patient/${chart}&_count=50`,
    select: ['medicationCodeableConcept.text', 'authoredOn'],
  },
  { path: `Observation?subject=Patient/${chart}&_include=Observation:performer&_count=50`, select: values },
  { path: 'Observation?_count=100', select: values },
  { path: 'Observation?_count=200', select: values },
  { path: `Observation?subject=Patient/${chart}&category=vital-signs&_count=200`, select: values },
  { path: 'Appointment?_sort=date&_count=100', select: ['start', 'status'] },
  { path: 'Condition?_count=200', select: ['code.text', 'onsetDateTime'] },
  { path: `Observation?subject=Patient/${chart}&category=laboratory&_count=200`, select: values },
  { path: 'Encounter?_count=500', select: ['period.start', 'type.text'] },
  { path: 'MedicationRequest?_count=500', select: ['medicationCodeableConcept.text', 'authoredOn'] },
  { path: 'Observation?_count=1000', select: values },
  { path: `Patient/${chart}/$everything`, select: ['resourceType', 'code.text'] },
  { path: `Patient/${PATIENT_IDS.renal}/$everything`, select: ['resourceType', 'code.text'] },
  { path: `Patient/${chart}/_history`, select: ['meta.versionId', 'meta.lastUpdated'] },
  {
    method: 'POST',
    path: '',
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        `Condition?subject=Patient/${chart}&clinical-status=active`,
        `MedicationRequest?subject=Patient/${chart}&status=active`,
        `Observation?subject=Patient/${chart}&code=4548-4&_sort=-date&_count=5`,
        `AllergyIntolerance?patient=Patient/${chart}`,
      ].map((url) => ({ request: { method: 'GET', url } })),
    },
    select: ['code.text', 'medicationCodeableConcept.text', 'valueQuantity.value'],
  },
  { path: 'metadata' },
  { path: 'Patient?foo=bar' },
  { path: 'Patient/00000000-0000-4000-8000-000000000000' },
]

/** Prints tokens and their ratio for each request; fails if an answer exceeds its budget. */
export async function tokens(): Promise<void> {
  const bench = await openBench()
  try {
    const rows = []
    for (const one of CASES) rows.push(await measure(bench, one))
    print(rows)
    const over = rows.filter(({ characters }) => characters > BUDGET)
    if (over.length > 0) throw new Error(`Over the budget: ${over.map(({ name }) => name).join(', ')}`)
  } finally {
    await bench.close()
  }
}

interface Measured {
  name: string
  raw: number
  ours: number
  selected: number | undefined
  characters: number
}

async function measure(bench: Bench, { select, ...request }: Case): Promise<Measured> {
  const raw = await bench.raw(request)
  const ours = await bench.ours(request)
  const selected = select && (await bench.ours({ ...request, select }))
  return {
    name: `${request.method ?? 'GET'} ${request.path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID') || '(batch)'}`,
    raw: count(raw),
    ours: count(ours),
    selected: selected === undefined ? undefined : count(selected),
    characters: Math.max(ours.length, selected?.length ?? 0),
  }
}

function count(text: string): number {
  return encode(text).length
}

function print(rows: readonly Measured[]): void {
  const line = (...cells: (string | number)[]) =>
    console.log(
      cells.map((cell, at) => (at === 0 ? String(cell).slice(0, 62).padEnd(64) : String(cell).padStart(9))).join(''),
    )
  line('Request', 'raw', 'ours', 'ratio', 'select', 'ratio')
  for (const { name, raw, ours, selected } of rows) {
    line(
      name,
      raw,
      ours,
      (ours / raw).toFixed(3),
      selected ?? '',
      selected === undefined ? '' : (selected / raw).toFixed(3),
    )
  }
  const ratios = rows.map(({ ours, raw }) => ours / raw)
  const chosen = rows.flatMap(({ selected, raw }) => (selected === undefined ? [] : [selected / raw]))
  console.log(`\nMedian ratio        ${median(ratios).toFixed(3)} (goal: at most ${GOAL}; ${rows.length} requests)`)
  console.log(
    `Median with select  ${median(chosen).toFixed(3)} (goal: at most ${GOAL_SELECTED}; ${chosen.length} requests)`,
  )
  console.log(
    `Largest answer      ${Math.max(...rows.map(({ characters }) => characters))} characters (budget: ${BUDGET})`,
  )
}
