/** How an adult's blood values, blood pressure, weight and mood develop over the years, with and without illness and treatment. */
import type { Curve } from './calendar.ts'
import type { Chance } from './random.ts'

const SUGAR_COURSES = ['controlled', 'creeping', 'creeping', 'stubborn', 'improving'] as const
export type SugarCourse = (typeof SUGAR_COURSES)[number]

interface Hba1cCourseOptions {
  /** Day on which diabetes began. */
  onset?: number | undefined
  prediabetic: boolean
  joined: number
  /** Drawn at random if absent. */
  course?: SugarCourse | undefined
  luck: Chance
}

/** @returns HbA1c in percent, and the day from which a second drug is needed */
export function hba1cCourse({ onset, prediabetic, joined, course: given, luck }: Hba1cCourseOptions): {
  curve: Curve
  escalated?: number
} {
  const healthy = luck.between(4.9, 5.5)
  if (onset === undefined) {
    if (!prediabetic)
      return {
        curve: [
          [joined, healthy],
          [0, healthy + luck.between(-0.1, 0.25)],
        ],
      }
    return {
      curve: [
        [joined, luck.between(5.7, 6)],
        [-700, luck.between(5.9, 6.3)],
        [0, luck.between(5.7, 6.4)],
      ],
    }
  }
  const peak = luck.between(7.6, 10.8)
  const start: Curve = [
    [onset - 900, luck.between(5.7, 6)],
    [onset - 50, luck.between(6.1, 6.4)],
    [onset, peak],
    [onset + 50, peak],
  ]
  const drawn = luck.pick(SUGAR_COURSES)
  const course = given ?? drawn
  const low = luck.between(6.6, 7.2)
  if (course === 'controlled') return { curve: [...start, [onset + 330, low], [0, low + luck.between(-0.2, 0.3)]] }
  if (course === 'improving') return { curve: [...start, [onset + 420, low], [Math.max(onset + 900, -60), 6]] }
  const relapse = low + luck.between(1.2, 2)
  const escalated = onset + luck.int(780, 1150)
  if (course === 'stubborn')
    return {
      curve: [...start, [onset + 300, peak - 0.8], [escalated, peak + 0.4], [escalated + 500, peak - 1.1]],
      escalated,
    }
  return {
    curve: [
      ...start,
      [onset + 300, low],
      [escalated, relapse],
      [escalated + 320, low + 0.2],
      [escalated + 1100, low + 0.5],
    ],
    escalated,
  }
}

export function pressureCurve(onset: number | undefined, base: number, peak: number, luck: Chance): Curve {
  if (onset === undefined)
    return [
      [-2600, base],
      [0, base + luck.between(-2, 6)],
    ]
  return [
    [onset - 800, base + 6],
    [onset, peak],
    [onset + 30, peak],
    [onset + 400, base + 8],
    [onset + 1300, base + luck.between(4, 16)],
  ]
}

export function weightCurve(joined: number, height: number, obese: boolean, luck: Chance): Curve {
  const bmi = obese ? luck.between(31, 39) : luck.between(20, 29)
  let kilograms = bmi * (height / 100) ** 2
  const points: [number, number][] = [[joined, kilograms]]
  for (let day = joined + 420; day < 120; day += luck.int(300, 520)) {
    kilograms *= 1 + luck.between(obese ? -0.055 : -0.025, 0.035)
    points.push([day, kilograms])
  }
  return points
}

/** @param onset day on which the kidney disease was diagnosed */
export function creatinineCurve(onset: number | undefined, base: number, luck: Chance): Curve {
  if (onset === undefined)
    return [
      [-2600, base],
      [0, base + 0.04],
    ]
  return [
    [onset - 900, base + 0.15],
    [onset, base + 0.42],
    [0, base + luck.between(0.5, 0.75)],
  ]
}

export function ldlCurve(onset: number | undefined, base: number, luck: Chance): Curve {
  if (onset === undefined)
    return [
      [-2600, base],
      [0, base + luck.between(-8, 14)],
    ]
  return [
    [onset + 30, base],
    [onset + 250, base * luck.between(0.52, 0.68)],
    [0, base * luck.between(0.48, 0.72)],
  ]
}

/** TSH of an underactive thyroid: high at onset, normal once treated. */
export function tshCurve(onset: number, luck: Chance): Curve {
  return [
    [onset - 20, luck.between(8, 19)],
    [onset + 120, luck.between(4, 6)],
    [onset + 320, luck.between(1.2, 3.2)],
  ]
}

/** PHQ-9 scores over the course of a depression. */
export function moodCurve(onset: number, luck: Chance): Curve {
  return [
    [onset - 200, 6],
    [onset, luck.between(15, 22)],
    [onset + 150, luck.between(9, 13)],
    [onset + 420, luck.between(3, 7)],
    [onset + 900, luck.between(2, 9)],
  ]
}
