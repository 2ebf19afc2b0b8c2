/** The drugs that the clinic prescribes: RxNorm codes with their usual directions. */
import { type Code, code } from './terminology.ts'

export interface Drug {
  rxnorm: Code
  /** Key of the allergen (conditions.ts) that rules it out. */
  avoid?: string
  amount: number
  unit: string
  /** Doses a day. */
  frequency: number
  route: 'oral' | 'inhaled' | 'subcutaneous'
  directions: string
  asNeeded?: true
  supplyDays: number
  refills: number
}

// biome-ignore format: a code table reads better one entry a row
const FORMULARY = { metformin500: { rxnorm: code('861007', 'metformin hydrochloride 500 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 2, route: 'oral', directions: 'Take 1 tablet by mouth twice daily with meals', supplyDays: 90, refills: 3 },
  metformin1000: { rxnorm: code('861004', 'metformin hydrochloride 1000 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 2, route: 'oral', directions: 'Take 1 tablet by mouth twice daily with meals', supplyDays: 90, refills: 3 },
  empagliflozin: { rxnorm: code('1545658', 'empagliflozin 10 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth every morning', supplyDays: 90, refills: 3 },
  glargine: { rxnorm: code('847230', '3 ML insulin glargine 100 UNT/ML Pen Injector'), amount: 14, unit: '[iU]', frequency: 1, route: 'subcutaneous', directions: 'Inject 14 units under the skin at bedtime', supplyDays: 90, refills: 3 },
  lisinopril10: { rxnorm: code('314076', 'lisinopril 10 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 3 },
  lisinopril20: { rxnorm: code('314077', 'lisinopril 20 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 3 },
  losartan: { rxnorm: code('979492', 'losartan potassium 50 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 3 },
  amlodipine: { rxnorm: code('197361', 'amlodipine 5 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 3 },
  hydrochlorothiazide: { rxnorm: code('310798', 'hydrochlorothiazide 25 MG Oral Tablet'), avoid: 'sulfa', amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth every morning', supplyDays: 90, refills: 3 },
  atorvastatin20: { rxnorm: code('617310', 'atorvastatin 20 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth at bedtime', supplyDays: 90, refills: 3 },
  atorvastatin40: { rxnorm: code('617311', 'atorvastatin 40 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth at bedtime', supplyDays: 90, refills: 3 },
  levothyroxine: { rxnorm: code('966222', 'levothyroxine sodium 0.075 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth every morning on an empty stomach', supplyDays: 90, refills: 3 },
  albuterol: { rxnorm: code('745752', '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler'), amount: 2, unit: 'puff', frequency: 4, route: 'inhaled', directions: 'Inhale 2 puffs every 4 to 6 hours as needed for wheezing', asNeeded: true, supplyDays: 60, refills: 2 },
  fluticasone: { rxnorm: code('895994', '120 ACTUAT fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler'), amount: 2, unit: 'puff', frequency: 2, route: 'inhaled', directions: 'Inhale 2 puffs twice daily and rinse the mouth', supplyDays: 30, refills: 5 },
  sertraline: { rxnorm: code('312941', 'sertraline 50 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 1 },
  escitalopram: { rxnorm: code('349332', 'escitalopram 10 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 1 },
  omeprazole: { rxnorm: code('198051', 'omeprazole 20 MG Delayed Release Oral Capsule'), amount: 1, unit: 'capsule', frequency: 1, route: 'oral', directions: 'Take 1 capsule by mouth before breakfast', supplyDays: 30, refills: 2 },
  apixaban: { rxnorm: code('1364445', 'apixaban 5 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 2, route: 'oral', directions: 'Take 1 tablet by mouth twice daily', supplyDays: 90, refills: 3 },
  metoprolol: { rxnorm: code('866436', '24 HR metoprolol succinate 50 MG Extended Release Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth daily', supplyDays: 90, refills: 3 },
  furosemide: { rxnorm: code('313988', 'furosemide 40 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 1 tablet by mouth every morning', supplyDays: 90, refills: 3 },
  ibuprofen: { rxnorm: code('197805', 'ibuprofen 400 MG Oral Tablet'), avoid: 'ibuprofen', amount: 1, unit: 'tablet', frequency: 3, route: 'oral', directions: 'Take 1 tablet by mouth three times daily as needed for pain', asNeeded: true, supplyDays: 10, refills: 0 },
  amoxicillin: { rxnorm: code('308191', 'amoxicillin 500 MG Oral Capsule'), avoid: 'penicillin', amount: 1, unit: 'capsule', frequency: 3, route: 'oral', directions: 'Take 1 capsule by mouth three times daily for 10 days', supplyDays: 10, refills: 0 },
  azithromycin: { rxnorm: code('308460', 'azithromycin 250 MG Oral Tablet'), amount: 1, unit: 'tablet', frequency: 1, route: 'oral', directions: 'Take 2 tablets on day 1, then 1 tablet daily for 4 days', supplyDays: 5, refills: 0 },
  nitrofurantoin: { rxnorm: code('1648755', 'nitrofurantoin, macrocrystals 25 MG / nitrofurantoin, monohydrate 75 MG Oral Capsule'), amount: 1, unit: 'capsule', frequency: 2, route: 'oral', directions: 'Take 1 capsule by mouth twice daily for 5 days', supplyDays: 5, refills: 0 },
} as const satisfies Record<string, Drug>

export type DrugKey = keyof typeof FORMULARY

export const drug = (key: DrugKey): Drug => FORMULARY[key]
