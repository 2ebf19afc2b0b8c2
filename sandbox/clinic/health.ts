/**
 * A person's state of health over time: their problems, their treatment, and a curve for each measured value. Measurements are
 * read off these curves with a little noise, so that trends in a chart make sense: HbA1c falls after a drug is started, cholesterol
 * after a statin, and kidney function declines slowly.
 */

import { type Curve, YEAR } from './calendar.ts'
import { creatinineCurve, hba1cCourse, ldlCurve, moodCurve, pressureCurve, tshCurve, weightCurve } from './courses.ts'
import { growth } from './growth.ts'
import type { Person } from './people.ts'
import type { Problem, Therapy } from './problem.ts'
import { CHRONIC, CHRONIC_KEYS, type ChronicKey } from './problems.ts'
import { type Chance, chance } from './random.ts'
import { therapiesFor } from './therapies.ts'

type Smoking = 'never' | 'former' | 'current'

export interface Health {
  problems: Problem[]
  therapies: Therapy[]
  /** Visits a year. */
  pace: number
  smoking: readonly (readonly [day: number, status: Smoking])[]
  height: Curve
  weight: Curve
  systolic: Curve
  diastolic: Curve
  pulse: Curve
  hba1c: Curve
  creatinine: Curve
  ldl: Curve
  hdl: Curve
  triglycerides: Curve
  tsh: Curve
  /** PHQ-9 score, 0–27; only for people with depression. */
  mood?: Curve
}

export function onsetOf(health: Health, key: ChronicKey): number | undefined {
  return health.problems.find((problem) => problem.key === key)?.onset
}

function problemsOf(person: Person, luck: Chance): Problem[] {
  const age = -person.born / YEAR
  const group = age < 18 ? 0 : age < 45 ? 1 : age < 65 ? 2 : 3
  const drawn = CHRONIC_KEYS.filter((key) => luck.odds(CHRONIC[key].share[group]))
  const given = person.known?.problems
  const chosen = CHRONIC_KEYS.filter((key) => (given ? given.includes(key) : drawn.includes(key))).filter(
    (key, _, all) =>
      !(key === 'prediabetes' && all.includes('diabetes')) && !(key === 'neuropathy' && !all.includes('diabetes')),
  )
  const found = chosen.map((key): Problem => {
    const earliest = Math.max(person.born + (group === 0 ? 1.5 : 18) * YEAR, person.joined - 9 * YEAR)
    const inChart = key === 'diabetes' || key === 'kidney' || luck.odds(0.55)
    const span = person.until - 320 - person.joined
    const drawnOnset =
      inChart && span > 120
        ? person.joined + Math.round(span * luck.between(0.08, key === 'kidney' ? 0.6 : 0.5))
        : Math.round(luck.between(earliest, Math.max(earliest, person.joined - 60)))
    const written = person.known?.onsets?.[key]
    const onset = written === undefined ? drawnOnset : person.joined + written
    const heals = (key === 'depression' || key === 'anxiety' || key === 'reflux') && luck.odds(0.35)
    const abated = onset + luck.int(400, 1100)
    return { key, onset, ...(heals && abated < person.until - 60 ? { abated } : {}) }
  })
  // Neuropathy follows years of diabetes.
  const diabetes = found.find((problem) => problem.key === 'diabetes')
  const later = (onset: number) => Math.max(onset, Math.min((diabetes?.onset ?? onset) + 500, person.until - 90))
  return found.map((problem) => (problem.key === 'neuropathy' ? { ...problem, onset: later(problem.onset) } : problem))
}

/** By age in years. */
const CHILD = {
  systolic: [
    [3, 92],
    [18, 114],
  ],
  diastolic: [
    [3, 55],
    [18, 70],
  ],
  pulse: [
    [0, 138],
    [2, 112],
    [6, 94],
    [12, 82],
    [18, 74],
  ],
} as const satisfies Record<string, Curve>

export function healthOf(person: Person): Health {
  const luck = chance(`health/${person.key}`)
  const problems = problemsOf(person, luck)
  const onset = (key: ChronicKey) => problems.find((problem) => problem.key === key)?.onset
  const has = (key: ChronicKey) => onset(key) !== undefined
  const child = person.born > -18 * YEAR
  const height = person.sex === 'female' ? 163 + luck.bell() * 6.5 : 176 + luck.bell() * 7
  const smokes = child ? 0 : luck.unit()
  const quit = person.joined + luck.int(200, 1500)
  const diabetes = hba1cCourse({
    onset: onset('diabetes'),
    prediabetic: has('prediabetes'),
    joined: person.joined,
    course: person.known?.sugar,
    luck,
  })
  const kidneys = person.sex === 'female' ? luck.between(0.62, 0.86) : luck.between(0.76, 1.06)
  const hyperlipidemia = onset('hyperlipidemia')
  const ldl = hyperlipidemia === undefined ? luck.between(75, 125) : luck.between(150, 195)
  const hdl = (person.sex === 'female' ? 56 : 47) + luck.bell() * 7 - (has('obesity') ? 6 : 0)
  const triglycerides = luck.between(70, 140) + (has('diabetes') ? 60 : 0) + (has('obesity') ? 25 : 0)
  const thyroid = onset('hypothyroidism')
  const depression = onset('depression')
  const grown = growth(luck.between(0.94, 1.06))
  const flat = (value: number): Curve => [[person.joined, value]]
  const toDays = (curve: Curve): Curve => curve.map(([age, value]) => [person.born + age * YEAR, value])
  return {
    problems,
    therapies: therapiesFor({
      problems,
      until: person.until,
      luck,
      ...(diabetes.escalated === undefined ? {} : { escalated: diabetes.escalated }),
    }),
    pace:
      person.known?.pace ??
      (child ? luck.between(1, 2.2) : Math.min(2.9, 0.55 + problems.length * 0.27 + luck.unit() * 0.5)),
    smoking:
      smokes < 0.16 && !(has('copd') && smokes < 0.08)
        ? [[person.joined, 'current'], ...(luck.odds(0.5) && quit < person.until ? ([[quit, 'former']] as const) : [])]
        : [[person.joined, smokes < 0.36 ? 'former' : 'never']],
    height: child ? toDays(grown.height) : flat(height),
    weight: child ? toDays(grown.weight) : weightCurve(person.joined, height, has('obesity'), luck),
    systolic: child
      ? toDays(CHILD.systolic)
      : pressureCurve(onset('hypertension'), luck.between(108, 126), luck.between(146, 172), luck),
    diastolic: child
      ? toDays(CHILD.diastolic)
      : pressureCurve(onset('hypertension'), luck.between(68, 78), luck.between(88, 102), luck),
    pulse: child ? toDays(CHILD.pulse) : flat(luck.between(60, 84) + (has('failure') ? 8 : 0)),
    hba1c: diabetes.curve,
    creatinine: creatinineCurve(onset('kidney'), kidneys, luck),
    ldl: ldlCurve(hyperlipidemia, ldl, luck),
    hdl: flat(hdl),
    triglycerides:
      hyperlipidemia === undefined
        ? flat(triglycerides)
        : [
            [hyperlipidemia + 30, triglycerides + 45],
            [hyperlipidemia + 300, triglycerides],
          ],
    tsh: thyroid === undefined ? flat(luck.between(1, 3.4)) : tshCurve(thyroid, luck),
    ...(depression === undefined ? {} : { mood: moodCurve(depression, luck) }),
  }
}
