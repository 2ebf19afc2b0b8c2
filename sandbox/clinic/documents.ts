/**
 * Notes, letters and scans. A DocumentReference refers to its Binary by a relative URL, as Medplum stores it. Some notes are long
 * on purpose, because such notes fill a model's context.
 */
import type { Binary, DocumentReference } from '@medplum/fhirtypes'
import { date, instant } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import { referenceTo } from './ledger.ts'
import { base64, CARD_PNG, PHOTO_PNG, pdf } from './papers.ts'
import { fullName } from './people.ts'
import { ACUTE, CHRONIC } from './problems.ts'
import { type Chance, chance } from './random.ts'
import { staffName } from './staff.ts'
import { CLINIC, type Code, concept, LOINC } from './terminology.ts'
import type { Visit } from './visits.ts'

interface FiledDocument {
  name: string
  visit: Visit
  type: Code
  title: string
  contentType: string
  data: string
}

const PROGRESS = { code: '11506-3', display: 'Progress note' }
const SUMMARY = { code: '34133-9', display: 'Summary of episode note' }
const REFERRAL = { code: '57133-1', display: 'Referral note' }
const PHOTO = { code: '72170-4', display: 'Photographic image' }
const CARD = { code: '64290-0', display: 'Health insurance card' }

function enterDocument(chart: Chart, { name, visit, type, title, contentType, data }: FiledDocument): void {
  const key = `${chart.person.key}/${name}`
  const binary = chart.ledger.enter<Binary>(key, {
    resourceType: 'Binary',
    contentType,
    securityContext: referenceTo(chart.patient),
    data,
  })
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0
  const written = instant(visit.day, visit.minute + 25)
  chart.ledger.enter<DocumentReference>(key, {
    resourceType: 'DocumentReference',
    identifier: [{ system: `${CLINIC}/document`, value: key }],
    status: 'current',
    docStatus: 'final',
    type: concept(LOINC, type),
    category: [
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            code: 'clinical-note',
            display: 'Clinical Note',
          },
        ],
      },
    ],
    subject: subject(chart),
    date: written,
    author: [clinician(chart, visit)],
    custodian: referenceTo(chart.facility.clinic, chart.facility.clinic.name),
    description: title,
    content: [
      {
        attachment: {
          contentType,
          url: `Binary/${binary.id}`,
          title,
          size: (data.length / 4) * 3 - padding,
          creation: written,
        },
      },
    ],
    context: { encounter: [encounterOf(visit)], period: { start: written } },
  })
}

const HISTORY = [
  'Feels well overall and has no new complaints.',
  'Sleeps badly since a change of shifts at work.',
  'Walks half an hour on most days of the week.',
  'Reports taking all tablets, misses about one dose a week.',
  'Has been under more stress; a parent moved in.',
  'Cut down on sweet drinks since the last visit.',
]
const FINDINGS = [
  'Lungs clear to auscultation on both sides.',
  'Heart sounds regular, no murmur.',
  'Abdomen soft, not tender.',
  'No edema of the legs.',
  'Mood even, speech normal.',
]
const PLANS = [
  'Continue the present drugs.',
  'Repeat laboratory work before the next visit.',
  'Advice on diet and salt was given in writing.',
  'Return sooner if symptoms worsen.',
  'Blood pressure diary at home for two weeks.',
]

function progressNote(chart: Chart, visit: Visit, luck: Chance): string {
  const list = chart.health.problems.filter((one) => one.onset <= visit.day).map((one) => CHRONIC[one.key].text)
  const some = (lines: readonly string[]) => luck.shuffle(lines).slice(0, 3)
  return [
    `${date(visit.day)}  ${fullName(chart.person)}`,
    `Seen by ${staffName(visit.staff)}`,
    '',
    'SUBJECTIVE',
    ...(visit.acute ? [`${ACUTE[visit.acute].complaint}.`] : []),
    ...some(HISTORY),
    '',
    'OBJECTIVE',
    'Vital signs as recorded.',
    ...some(FINDINGS),
    '',
    'ASSESSMENT',
    ...(visit.acute ? [ACUTE[visit.acute].text] : []),
    ...(list.length > 0 ? list : ['No chronic problems.']),
    '',
    'PLAN',
    ...some(PLANS),
  ].join('\n')
}

export function fileDocuments(chart: Chart): void {
  const luck = chance(`documents/${chart.person.key}`)
  const { visits, person } = chart
  const text = { contentType: 'text/plain', type: PROGRESS }
  for (const visit of visits) {
    if (visit.day < -900 || !luck.odds(0.22)) continue
    enterDocument(chart, {
      ...text,
      name: `note/${visit.key}`,
      visit,
      title: `Progress note ${date(visit.day)}`,
      data: base64(progressNote(chart, visit, luck)),
    })
  }
  const first = visits[0]
  const last = visits.at(-1)
  if (!first || !last) return
  if (luck.odds(0.3)) {
    enterDocument(chart, {
      name: 'card',
      visit: first,
      type: CARD,
      title: 'Insurance card',
      contentType: 'image/png',
      data: CARD_PNG,
    })
  }
  const rash = visits.find((visit) => visit.acute === 'dermatitis')
  if (rash)
    enterDocument(chart, {
      name: 'photo',
      visit: rash,
      type: PHOTO,
      title: 'Photo of the rash',
      contentType: 'image/png',
      data: PHOTO_PNG,
    })
  if (chart.health.problems.length > 2 && luck.odds(0.6)) {
    const letter = [
      'Maplewood Community Clinic',
      `Referral letter, ${date(last.day)}`,
      '',
      `Patient: ${fullName(person)}`,
      ...chart.health.problems.map(
        (problem) => `- ${CHRONIC[problem.key].text}, since ${date(problem.onset).slice(0, 4)}`,
      ),
      '',
      'Please see this patient and advise on further treatment.',
      staffName(last.staff),
    ]
    enterDocument(chart, {
      name: 'referral',
      visit: last,
      type: REFERRAL,
      title: 'Referral letter',
      contentType: 'application/pdf',
      data: pdf(letter),
    })
  }
  if (person.known?.role === 'diabetic' || person.known?.role === 'renal') {
    const whole = visits
      .map((visit) => progressNote(chart, visit, luck))
      .join('\n\n----------------------------------------\n\n')
    enterDocument(chart, {
      ...text,
      type: SUMMARY,
      name: 'summary',
      visit: last,
      title: 'Summary of all visits',
      data: base64(whole),
    })
  }
}
