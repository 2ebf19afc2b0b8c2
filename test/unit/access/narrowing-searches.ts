// Searches in the place of a reference, and how they could get there.
import { type Json, OTHER, OWN, observation } from './narrowing.ts'

/** Searches that Medplum would take for references. */
export const SEARCHES = [
  `Condition?subject=Patient/${OTHER}`,
  `/Condition?subject=Patient/${OTHER}`,
  `https://x/y/Condition?subject=Patient/${OTHER}`,
  `Patient?identifier=x&_count=1\n`,
  ` Patient?identifier=x`,
  `Observation?x`,
  '?',
]
/** A record of the patient that has such a search, and other texts, as text. */
export const noted: Json = {
  ...observation('noted', `Patient/${OWN}`),
  focus: [{ reference: `Patient/${OWN}` }],
  note: [{ text: SEARCHES[0] }, { text: '(signed address hidden)' }, { text: `Binary/${OTHER}` }],
}
/** Patches that would put a search, or a text that stands for one, in the place of a reference. */
export const PATCHES = [
  ...SEARCHES.map((value) => [{ op: 'replace', path: '/focus/0/reference', value }]),
  ...SEARCHES.map((reference) => [{ op: 'add', path: '/focus/-', value: { reference } }]),
  ...['/note/0/text', '/note/1/text', '/note/2/text'].flatMap((from) =>
    ['copy', 'move'].map((op) => [{ op, from, path: '/focus/0/reference' }]),
  ),
  [
    { op: 'copy', from: '/note/0/text', path: '/status' },
    { op: 'move', from: '/status', path: '/focus/0/reference' },
  ],
  [{ op: 'add', path: '/focus/0/__proto__/reference', value: SEARCHES[0] }],
  [{ op: 'add', path: '/hasMember', value: [{ reference: `Observation/x\n` }] }],
]
