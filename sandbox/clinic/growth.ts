/** How children grow: median height and weight by age in years, close to the CDC charts, scaled for a taller or shorter child. */
import type { Curve } from './calendar.ts'

// biome-ignore format: a table by age
const HEIGHT_CM: Curve = [[0, 50], [0.5, 67], [1, 75], [2, 87], [3, 95], [4, 102], [6, 115], [8, 128], [10, 138], [12, 149], [14, 160], [16, 167], [18, 169]]
// biome-ignore format: a table by age
const WEIGHT_KG: Curve = [[0, 3.4], [0.5, 7.6], [1, 9.8], [2, 12.4], [3, 14.3], [4, 16.3], [6, 20.7], [8, 25.8], [10, 32.5], [12, 41], [14, 50], [16, 58], [18, 63]]

/** @param scale 1 is the median child; weight follows height's square */
export function growth(scale: number): { height: Curve; weight: Curve } {
  return {
    height: HEIGHT_CM.map(([age, value]) => [age, value * scale]),
    weight: WEIGHT_KG.map(([age, value]) => [age, value * scale ** 2]),
  }
}
