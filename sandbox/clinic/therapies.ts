/** The long-term drugs for a set of problems: when each is started, and when and why some are stopped. */

import type { Problem, Therapy } from './problem.ts'
import type { Chance } from './random.ts'

interface Situation {
  problems: readonly Problem[]
  /** The last day on which anything can happen. */
  until: number
  /** The day from which diabetes needs a second drug. */
  escalated?: number
  luck: Chance
}

export function therapiesFor({ problems, until, escalated, luck }: Situation): Therapy[] {
  const has = (key: Problem['key']) => problems.some((problem) => problem.key === key)
  const plans = problems.flatMap(({ key, onset, abated }): Therapy[] => {
    const begin = onset + luck.int(0, 20)
    const switched = begin + luck.int(150, 420)
    const course = (drug: Therapy['drug'], start = begin): Therapy => ({ drug, start, problem: key })
    const ending = abated === undefined ? {} : { stop: abated, because: 'Symptoms resolved' }
    switch (key) {
      case 'diabetes':
        return [
          { ...course('metformin500'), stop: switched, because: 'Dose increased' },
          course('metformin1000', switched),
          ...(escalated === undefined
            ? []
            : [course(has('kidney') || luck.odds(0.5) ? 'empagliflozin' : 'glargine', escalated + 10)]),
        ]
      case 'hypertension':
        if (luck.odds(0.2))
          return [
            { ...course('lisinopril10'), stop: switched, because: 'Persistent dry cough' },
            course('losartan', switched),
          ]
        if (luck.odds(0.35))
          return [
            { ...course('lisinopril10'), stop: switched, because: 'Dose increased' },
            course('lisinopril20', switched),
          ]
        return luck.odds(0.3)
          ? [course('lisinopril10'), course('amlodipine', switched)]
          : [course(luck.pick(['lisinopril10', 'amlodipine', 'hydrochlorothiazide'] as const))]
      case 'hyperlipidemia':
        return luck.odds(0.35)
          ? [
              {
                ...course('atorvastatin20', begin + 30),
                stop: switched + 60,
                because: 'LDL above goal, dose increased',
              },
              course('atorvastatin40', switched + 60),
            ]
          : [course('atorvastatin20', begin + 30)]
      case 'hypothyroidism':
        return [course('levothyroxine')]
      case 'asthma':
        return [course('albuterol'), ...(luck.odds(0.5) ? [course('fluticasone', switched)] : [])]
      case 'copd':
        return [course('albuterol'), course('fluticasone')]
      case 'depression':
        return [{ ...course('sertraline'), ...ending }]
      case 'anxiety':
        return has('depression') ? [] : [{ ...course('escitalopram'), ...ending }]
      case 'reflux':
        return [{ ...course('omeprazole'), ...ending }]
      case 'fibrillation':
        return [course('apixaban'), ...(has('failure') ? [] : [course('metoprolol')])]
      case 'failure':
        return [course('furosemide'), course('metoprolol')]
      default:
        return []
    }
  })
  return plans
    .filter((plan) => plan.start < until - 20)
    .map(({ stop, because, ...plan }) =>
      stop !== undefined && stop < until - 20 ? { ...plan, stop, ...(because ? { because } : {}) } : plan,
    )
}
