/** What the clinic measures: LOINC codes with UCUM units, normal ranges and the digits that a device or laboratory reports. */
import { type Code, code } from './terminology.ts'

export interface Measure {
  loinc: Code
  /** Short name, as on a printed report. */
  text: string
  unit: string
  ucum: string
  digits: number
  low?: number
  high?: number
  /** Limits for women, where they differ. */
  female?: { low?: number; high?: number }
  /** Standard deviation of a measurement around the curve in health.ts. */
  noise: number
}

// biome-ignore format: a code table reads better one entry a row
const MEASURES = { weight: { loinc: code('29463-7', 'Body weight'), text: 'Weight', unit: 'kg', ucum: 'kg', digits: 1, noise: 0.5 },
  height: { loinc: code('8302-2', 'Body height'), text: 'Height', unit: 'cm', ucum: 'cm', digits: 1, noise: 0.2 },
  bmi: { loinc: code('39156-5', 'Body mass index (BMI) [Ratio]'), text: 'BMI', unit: 'kg/m2', ucum: 'kg/m2', digits: 1, noise: 0 },
  systolic: { loinc: code('8480-6', 'Systolic blood pressure'), text: 'Systolic', unit: 'mmHg', ucum: 'mm[Hg]', digits: 0, noise: 5 },
  diastolic: { loinc: code('8462-4', 'Diastolic blood pressure'), text: 'Diastolic', unit: 'mmHg', ucum: 'mm[Hg]', digits: 0, noise: 3.5 },
  pulse: { loinc: code('8867-4', 'Heart rate'), text: 'Heart rate', unit: '/min', ucum: '/min', digits: 0, low: 60, high: 100, noise: 5 },
  temperature: { loinc: code('8310-5', 'Body temperature'), text: 'Temperature', unit: '°C', ucum: 'Cel', digits: 1, low: 36.1, high: 37.5, noise: 0.2 },
  hba1c: { loinc: code('4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood'), text: 'HbA1c', unit: '%', ucum: '%', digits: 1, low: 4, high: 5.6, noise: 0.13 },
  glucose: { loinc: code('2339-0', 'Glucose [Mass/volume] in Blood'), text: 'Glucose, fasting', unit: 'mg/dL', ucum: 'mg/dL', digits: 0, low: 70, high: 99, noise: 8 },
  creatinine: { loinc: code('2160-0', 'Creatinine [Mass/volume] in Serum or Plasma'), text: 'Creatinine', unit: 'mg/dL', ucum: 'mg/dL', digits: 2, low: 0.7, high: 1.3, female: { low: 0.5, high: 1.1 }, noise: 0.03 },
  egfr: { loinc: code('33914-3', 'Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum or Plasma by Creatinine-based formula (MDRD)'), text: 'eGFR', unit: 'mL/min/1.73m2', ucum: 'mL/min/{1.73_m2}', digits: 0, low: 60, noise: 0 },
  uacr: { loinc: code('9318-7', 'Albumin/Creatinine [Mass Ratio] in Urine'), text: 'Urine albumin/creatinine', unit: 'mg/g', ucum: 'mg/g', digits: 0, high: 30, noise: 3 },
  cholesterol: { loinc: code('2093-3', 'Cholesterol [Mass/volume] in Serum or Plasma'), text: 'Total cholesterol', unit: 'mg/dL', ucum: 'mg/dL', digits: 0, high: 200, noise: 0 },
  ldl: { loinc: code('13457-7', 'Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation'), text: 'LDL cholesterol', unit: 'mg/dL', ucum: 'mg/dL', digits: 0, high: 130, noise: 6 },
  hdl: { loinc: code('2085-9', 'Cholesterol in HDL [Mass/volume] in Serum or Plasma'), text: 'HDL cholesterol', unit: 'mg/dL', ucum: 'mg/dL', digits: 0, low: 40, female: { low: 50 }, noise: 2.5 },
  triglycerides: { loinc: code('2571-8', 'Triglyceride [Mass/volume] in Serum or Plasma'), text: 'Triglycerides', unit: 'mg/dL', ucum: 'mg/dL', digits: 0, high: 150, noise: 14 },
  tsh: { loinc: code('3016-3', 'Thyrotropin [Units/volume] in Serum or Plasma'), text: 'TSH', unit: 'mIU/L', ucum: 'm[IU]/L', digits: 2, low: 0.4, high: 4.5, noise: 0.2 },
  phq9: { loinc: code('44261-6', 'Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]'), text: 'PHQ-9 score', unit: '{score}', ucum: '{score}', digits: 0, high: 4, noise: 1 },
} as const satisfies Record<string, Measure>

export type MeasureKey = keyof typeof MEASURES
export const measure = (key: MeasureKey): Measure => MEASURES[key]

export const BLOOD_PRESSURE = code('85354-9', 'Blood pressure panel with all children optional')
export const SMOKING = code('72166-2', 'Tobacco smoking status')

export const SMOKING_STATUS = {
  never: code('266919005', 'Never smoked tobacco (finding)'),
  former: code('8517006', 'Ex-smoker (finding)'),
  current: code('77176002', 'Smoker (finding)'),
} as const

/** The laboratory's panels; one DiagnosticReport refers to all results of a panel. */
export const PANELS = {
  lipids: {
    loinc: code('24331-1', 'Lipid 1996 panel - Serum or Plasma'),
    measures: ['cholesterol', 'triglycerides', 'hdl', 'ldl'],
  },
  kidneys: { loinc: code('24362-6', 'Renal function 2000 panel - Serum or Plasma'), measures: ['creatinine', 'egfr'] },
  diabetes: { loinc: code('55399-0', 'Diabetes tracking panel'), measures: ['hba1c', 'glucose'] },
  albumin: { loinc: code('9318-7', 'Albumin/Creatinine [Mass Ratio] in Urine'), measures: ['uacr'] },
  thyroid: { loinc: code('3016-3', 'Thyrotropin [Units/volume] in Serum or Plasma'), measures: ['tsh'] },
} as const satisfies Record<string, { loinc: Code; measures: readonly MeasureKey[] }>

export type PanelKey = keyof typeof PANELS
