// Exact sums and means of decimals. With binary fractions, 0.1 + 0.2 would not be 0.3.
import { withoutEnd } from '../../base/trim.ts'

/** `digits` divided by ten to the power of `scale`. */
interface Decimal {
  digits: bigint
  scale: number
}

/** How many more decimals a mean has than its values. */
const MORE_DECIMALS = 2

/** The sum of numbers, and their mean, rounded to two decimals more than they have. */
export function sumAndMean(values: readonly number[]): { sum: number | string; mean: number | string } | undefined {
  if (values.length === 0) return undefined
  const decimals = values.map(decimalOf)
  const scale = decimals.reduce((most, one) => Math.max(most, one.scale), 0)
  const digits = decimals.reduce((sum, one) => sum + one.digits * 10n ** BigInt(scale - one.scale), 0n)
  const mean = divided(digits * 10n ** BigInt(MORE_DECIMALS), BigInt(values.length))
  return { sum: shown({ digits, scale }), mean: shown({ digits: mean, scale: scale + MORE_DECIMALS }) }
}

/** The number as JavaScript writes it: the shortest decimal that identifies it, so the one in the JSON. */
function decimalOf(value: number): Decimal {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? []
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(`${sign}${whole}${fraction}`)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

/** Rounded to the nearest, halves away from zero. */
function divided(digits: bigint, by: bigint): bigint {
  const half = digits < 0n ? -by : by
  return (digits * 2n + half) / (by * 2n)
}

/** A number if it is exact; otherwise text. */
function shown({ digits, scale }: Decimal): number | string {
  const sign = digits < 0n ? '-' : ''
  const all = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const fraction = scale === 0 ? '' : withoutEnd(all.slice(-scale), '0')
  const text = `${sign}${all.slice(0, all.length - scale)}${fraction && `.${fraction}`}`
  const number = Number(text)
  return String(number) === text || decimalText(number) === text ? number : text
}

/** A number as text without an exponent. */
function decimalText(value: number): string {
  const { digits, scale } = Number.isFinite(value) ? decimalOf(value) : { digits: 0n, scale: 0 }
  const all = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  return `${digits < 0n ? '-' : ''}${all.slice(0, all.length - scale)}${scale > 0 ? `.${all.slice(-scale)}` : ''}`
}
