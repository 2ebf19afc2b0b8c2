/** Questionnaires: the PHQ-9, which people with depression fill in repeatedly, and the intake form of a first visit. */
import type { Observation, Questionnaire, QuestionnaireResponse } from '@medplum/fhirtypes'
import { instant, valueAt } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import { type Entered, type Ledger, referenceTo } from './ledger.ts'
import { measure } from './loinc.ts'
import { observed, quantity } from './measuring.ts'
import { type Chance, chance } from './random.ts'
import { CLINIC, type Code, code, coding, concept, LOINC } from './terminology.ts'
import type { Visit } from './visits.ts'

const PHQ9_URL = `${CLINIC}/fhir/Questionnaire/phq-9`
const INTAKE_URL = `${CLINIC}/fhir/Questionnaire/intake`

// biome-ignore format: a code table reads better one entry a row
const QUESTIONS: readonly Code[] = [
  code('44250-9', 'Little interest or pleasure in doing things'),
  code('44255-8', 'Feeling down, depressed, or hopeless'),
  code('44259-0', 'Trouble falling or staying asleep, or sleeping too much'),
  code('44254-1', 'Feeling tired or having little energy'),
  code('44251-7', 'Poor appetite or overeating'),
  code('44258-2', 'Feeling bad about yourself - or that you are a failure or have let yourself or your family down'),
  code('44252-5', 'Trouble concentrating on things, such as reading the newspaper or watching television'),
  code('44253-3', 'Moving or speaking so slowly that other people could have noticed, or being so restless that you move a lot more than usual'),
  code('44260-8', 'Thoughts that you would be better off dead, or of hurting yourself in some way'),
]

const ANSWERS = [
  code('LA6568-5', 'Not at all'),
  code('LA6569-3', 'Several days'),
  code('LA6570-1', 'More than half the days'),
  code('LA6571-9', 'Nearly every day'),
] as const

const SCORE = '44261-6'

export function printForms(ledger: Ledger): void {
  ledger.enter<Questionnaire>('phq-9', {
    resourceType: 'Questionnaire',
    url: PHQ9_URL,
    name: 'PHQ9',
    title: 'Patient Health Questionnaire (PHQ-9)',
    status: 'active',
    subjectType: ['Patient'],
    code: [{ system: LOINC, code: '44249-1', display: 'PHQ-9 quick depression assessment panel [Reported.PHQ]' }],
    item: [
      ...QUESTIONS.map((question) => ({
        linkId: question.code,
        code: [coding(LOINC, question)],
        text: question.display,
        type: 'choice' as const,
        required: true,
        answerOption: ANSWERS.map((answer) => ({ valueCoding: coding(LOINC, answer) })),
      })),
      { linkId: SCORE, code: [{ system: LOINC, code: SCORE }], text: 'Total score', type: 'integer', readOnly: true },
    ],
  })
  ledger.enter<Questionnaire>('intake', {
    resourceType: 'Questionnaire',
    url: INTAKE_URL,
    name: 'Intake',
    title: 'New patient intake',
    status: 'active',
    subjectType: ['Patient'],
    item: [
      {
        linkId: 'contact',
        text: 'How should we reach you?',
        type: 'choice',
        answerOption: [{ valueString: 'Phone' }, { valueString: 'E-mail' }, { valueString: 'Letter' }],
      },
      { linkId: 'emergency', text: 'Emergency contact', type: 'string' },
      { linkId: 'alcohol', text: 'Drinks a week', type: 'integer' },
      { linkId: 'living-alone', text: 'Do you live alone?', type: 'boolean' },
      { linkId: 'concerns', text: 'What would you like help with?', type: 'text' },
    ],
  })
}

function responseBase(chart: Chart, visit: Visit, url: string, name: string) {
  return {
    resourceType: 'QuestionnaireResponse' as const,
    identifier: { system: `${CLINIC}/response`, value: `${name}/${visit.key}` },
    questionnaire: url,
    status: 'completed' as const,
    subject: subject(chart),
    encounter: encounterOf(visit),
    authored: instant(visit.day, visit.minute),
    author: clinician(chart, visit),
    source: subject(chart),
  }
}

/** Spreads a total over nine answers of 0 to 3; the last question, about self-harm, is answered last. */
function spread(total: number, luck: Chance): number[] {
  const points = QUESTIONS.map(() => 0)
  const order = luck.shuffle(QUESTIONS.map((_, index) => index).slice(0, -1))
  for (let left = total, turn = 0; left > 0; turn++) {
    const index = turn < 24 ? order[turn % order.length] : QUESTIONS.length - 1
    if (index === undefined) break
    points[index] = (points[index] ?? 0) + 1
    left--
  }
  return points
}

export function fillForms(chart: Chart): void {
  const luck = chance(`forms/${chart.person.key}`)
  const first = chart.visits[0]
  if (first && chart.person.born < -18 * 365 && luck.odds(0.45)) {
    chart.ledger.enter<QuestionnaireResponse>(`${chart.person.key}/intake`, {
      ...responseBase(chart, first, INTAKE_URL, 'intake'),
      item: [
        {
          linkId: 'contact',
          text: 'How should we reach you?',
          answer: [{ valueString: luck.pick(['Phone', 'E-mail', 'Letter']) }],
        },
        { linkId: 'alcohol', text: 'Drinks a week', answer: [{ valueInteger: Math.max(0, luck.int(-3, 12)) }] },
        { linkId: 'living-alone', text: 'Do you live alone?', answer: [{ valueBoolean: luck.odds(0.25) }] },
        { linkId: 'concerns', text: 'What would you like help with?', answer: [{ valueString: luck.pick(CONCERNS) }] },
      ],
    })
  }
  const mood = chart.health.mood
  if (!mood) return
  for (const visit of chart.visits) {
    if (!luck.odds(0.75)) continue
    const total = Math.min(27, Math.max(0, Math.round(valueAt(mood, visit.day) + luck.bell() * measure('phq9').noise)))
    const response = chart.ledger.enter<QuestionnaireResponse>(`${visit.key}/phq-9`, {
      ...responseBase(chart, visit, PHQ9_URL, 'phq-9'),
      item: [
        ...spread(total, luck).flatMap((points, index) => {
          const [question, chosen] = [QUESTIONS[index], ANSWERS[points]]
          return question && chosen
            ? [{ linkId: question.code, text: question.display, answer: [{ valueCoding: coding(LOINC, chosen) }] }]
            : []
        }),
        { linkId: SCORE, text: 'Total score', answer: [{ valueInteger: total }] },
      ],
    })
    score(chart, visit, total, response)
  }
}

function score(chart: Chart, visit: Visit, total: number, response: Entered<QuestionnaireResponse>): void {
  const kind = measure('phq9')
  chart.ledger.enter<Observation>(`${visit.key}/phq9`, {
    ...observed(chart, visit, 'survey', 2),
    code: concept(LOINC, kind.loinc, kind.text),
    valueQuantity: quantity(kind, total),
    derivedFrom: [referenceTo(response)],
  })
}

const CONCERNS = [
  'Nothing special, just moved here',
  'Tired all the time',
  "My knees hurt when I climb stairs & I can't kneel",
  'Need new prescriptions',
  'Blood sugar — my mother and brother both have diabetes',
]
