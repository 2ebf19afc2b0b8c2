/** Tables of chronic and acute problems with their codes (SNOMED CT, ICD-10-CM). */
import type { DrugKey } from './formulary.ts'
import { type Code, code } from './terminology.ts'

export interface ProblemKind {
  snomed: Code
  icd10: Code
  /** The clinicians' name for it. */
  text: string
}

interface ChronicKind extends ProblemKind {
  /** The share of people who have it, by age group: under 18, under 45, under 65, older. */
  share: readonly [number, number, number, number]
}

export interface AcuteKind extends ProblemKind {
  ages: readonly [number, number]
  /** Days from first symptom to recovery. */
  lasts: readonly [number, number]
  complaint: string
  treatment?: DrugKey
  fever?: true
}

// biome-ignore format: a code table reads better one entry a row
export const CHRONIC = { diabetes: { snomed: code('44054006', 'Diabetes mellitus type 2 (disorder)'), icd10: code('E11.9', 'Type 2 diabetes mellitus without complications'), text: 'Type 2 diabetes', share: [0, 0.12, 0.3, 0.36] },
  prediabetes: { snomed: code('714628002', 'Prediabetes (finding)'), icd10: code('R73.03', 'Prediabetes'), text: 'Prediabetes', share: [0, 0.08, 0.15, 0.1] },
  hypertension: { snomed: code('38341003', 'Hypertensive disorder, systemic arterial (disorder)'), icd10: code('I10', 'Essential (primary) hypertension'), text: 'Hypertension', share: [0, 0.15, 0.45, 0.65] },
  hyperlipidemia: { snomed: code('55822004', 'Hyperlipidemia (disorder)'), icd10: code('E78.5', 'Hyperlipidemia, unspecified'), text: 'High cholesterol', share: [0, 0.12, 0.4, 0.5] },
  obesity: { snomed: code('414916001', 'Obesity (disorder)'), icd10: code('E66.9', 'Obesity, unspecified'), text: 'Obesity', share: [0.05, 0.2, 0.28, 0.2] },
  kidney: { snomed: code('433144002', 'Chronic kidney disease stage 3 (disorder)'), icd10: code('N18.30', 'Chronic kidney disease, stage 3 unspecified'), text: 'Chronic kidney disease, stage 3', share: [0, 0.01, 0.06, 0.18] },
  neuropathy: { snomed: code('230572002', 'Neuropathy due to diabetes mellitus (disorder)'), icd10: code('E11.40', 'Type 2 diabetes mellitus with diabetic neuropathy, unspecified'), text: 'Diabetic neuropathy', share: [0, 0, 0.03, 0.04] },
  asthma: { snomed: code('195967001', 'Asthma (disorder)'), icd10: code('J45.909', 'Unspecified asthma, uncomplicated'), text: 'Asthma', share: [0.2, 0.12, 0.08, 0.06] },
  copd: { snomed: code('13645005', 'Chronic obstructive pulmonary disease (disorder)'), icd10: code('J44.9', 'Chronic obstructive pulmonary disease, unspecified'), text: 'COPD', share: [0, 0, 0.06, 0.12] },
  depression: { snomed: code('370143000', 'Major depressive disorder (disorder)'), icd10: code('F32.9', 'Major depressive disorder, single episode, unspecified'), text: 'Depression', share: [0.03, 0.16, 0.14, 0.1] },
  anxiety: { snomed: code('21897009', 'Generalized anxiety disorder (disorder)'), icd10: code('F41.1', 'Generalized anxiety disorder'), text: 'Generalized anxiety', share: [0.04, 0.12, 0.08, 0.05] },
  hypothyroidism: { snomed: code('40930008', 'Hypothyroidism (disorder)'), icd10: code('E03.9', 'Hypothyroidism, unspecified'), text: 'Hypothyroidism', share: [0, 0.05, 0.09, 0.12] },
  fibrillation: { snomed: code('49436004', 'Atrial fibrillation (disorder)'), icd10: code('I48.91', 'Unspecified atrial fibrillation'), text: 'Atrial fibrillation', share: [0, 0, 0.02, 0.1] },
  failure: { snomed: code('42343007', 'Congestive heart failure (disorder)'), icd10: code('I50.9', 'Heart failure, unspecified'), text: 'Heart failure', share: [0, 0, 0.01, 0.07] },
  reflux: { snomed: code('235595009', 'Gastroesophageal reflux disease (disorder)'), icd10: code('K21.9', 'Gastro-esophageal reflux disease without esophagitis'), text: 'Acid reflux', share: [0, 0.1, 0.18, 0.2] },
  arthritis: { snomed: code('239873007', 'Osteoarthritis of knee (disorder)'), icd10: code('M17.9', 'Osteoarthritis of knee, unspecified'), text: 'Knee osteoarthritis', share: [0, 0.01, 0.15, 0.3] },
  migraine: { snomed: code('37796009', 'Migraine (disorder)'), icd10: code('G43.909', 'Migraine, unspecified, not intractable, without status migrainosus'), text: 'Migraine', share: [0.03, 0.12, 0.08, 0.02] },
  rhinitis: { snomed: code('61582004', 'Allergic rhinitis (disorder)'), icd10: code('J30.9', 'Allergic rhinitis, unspecified'), text: 'Hay fever', share: [0.15, 0.15, 0.1, 0.06] },
} as const satisfies Record<string, ChronicKind>

export type ChronicKey = keyof typeof CHRONIC
export const CHRONIC_KEYS = Object.keys(CHRONIC) as ChronicKey[]

// biome-ignore format: a code table reads better one entry a row
export const ACUTE = { bronchitis: { snomed: code('10509002', 'Acute bronchitis (disorder)'), icd10: code('J20.9', 'Acute bronchitis, unspecified'), text: 'Acute bronchitis', ages: [18, 120], lasts: [10, 24], complaint: 'Cough for a week', fever: true },
  sinusitis: { snomed: code('444814009', 'Viral sinusitis (disorder)'), icd10: code('J01.90', 'Acute sinusitis, unspecified'), text: 'Viral sinusitis', ages: [10, 120], lasts: [8, 20], complaint: 'Facial pressure and congestion' },
  cystitis: { snomed: code('68566005', 'Urinary tract infectious disease (disorder)'), icd10: code('N39.0', 'Urinary tract infection, site not specified'), text: 'Urinary tract infection', ages: [18, 120], lasts: [5, 12], complaint: 'Burning on urination', treatment: 'nitrofurantoin' },
  otitis: { snomed: code('65363002', 'Otitis media (disorder)'), icd10: code('H66.90', 'Otitis media, unspecified, unspecified ear'), text: 'Middle ear infection', ages: [0, 14], lasts: [6, 14], complaint: 'Ear pain', treatment: 'amoxicillin', fever: true },
  strep: { snomed: code('43878008', 'Streptococcal sore throat (disorder)'), icd10: code('J02.0', 'Streptococcal pharyngitis'), text: 'Strep throat', ages: [4, 45], lasts: [5, 11], complaint: 'Sore throat', treatment: 'amoxicillin', fever: true },
  sprain: { snomed: code('44465007', 'Sprain of ankle (disorder)'), icd10: code('S93.409A', 'Sprain of unspecified ligament of unspecified ankle, initial encounter'), text: 'Sprained ankle', ages: [8, 75], lasts: [14, 45], complaint: 'Twisted ankle', treatment: 'ibuprofen' },
  backpain: { snomed: code('279039007', 'Low back pain (finding)'), icd10: code('M54.50', 'Low back pain, unspecified'), text: 'Low back pain', ages: [18, 120], lasts: [10, 60], complaint: 'Low back pain' },
  gastroenteritis: { snomed: code('25374005', 'Gastroenteritis (disorder)'), icd10: code('K52.9', 'Noninfective gastroenteritis and colitis, unspecified'), text: 'Gastroenteritis', ages: [1, 120], lasts: [2, 7], complaint: 'Vomiting and diarrhea', fever: true },
  covid: { snomed: code('840539006', 'Disease caused by severe acute respiratory syndrome coronavirus 2 (disorder)'), icd10: code('U07.1', 'COVID-19'), text: 'COVID-19', ages: [1, 120], lasts: [7, 18], complaint: 'Fever and loss of smell', fever: true },
  dermatitis: { snomed: code('40275004', 'Contact dermatitis (disorder)'), icd10: code('L25.9', 'Unspecified contact dermatitis, unspecified cause'), text: 'Contact dermatitis', ages: [2, 120], lasts: [7, 21], complaint: 'Itchy rash on the hands' },
} as const satisfies Record<string, AcuteKind>

export type AcuteKey = keyof typeof ACUTE
export const ACUTE_KEYS = Object.keys(ACUTE) as AcuteKey[]
