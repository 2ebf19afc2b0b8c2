/// <reference lib="dom" />
// Runs within a page: checks the contrast of its text, and of the outline of the focused element.

/** A piece of text whose contrast is too low. */
interface Faint {
  text: string
  ratio: number
}

/**
 * Measures all visible text of the page against WCAG 2.2, 1.4.3 (level AA).
 *
 * @returns how many pieces were measured, and those below 4.5 (3 if large)
 */
export function measureContrast(): { measured: number; faint: Faint[] } {
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((channel) => {
      const value = channel / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element: Element | null): string => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (channels(backgroundColor)[3] !== 0) return backgroundColor
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(0, 0, 0)' : 'rgb(255, 255, 255)'
  }
  const ratio = (one: string, other: string): number => {
    const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const result = { measured: 0, faint: [] as Faint[] }
  const measure = (text: string, color: string, background: string, least: number) => {
    result.measured++
    const found = ratio(color, background)
    if (found < least) result.faint.push({ text, ratio: found })
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent?.trim()
    if (!element || !text || element.matches('script, style') || !element.checkVisibility()) continue
    const { color, fontSize, fontWeight } = getComputedStyle(element)
    const pixels = Number.parseFloat(fontSize)
    const large = pixels >= 24 || (pixels >= 18.66 && Number(fontWeight) >= 700)
    measure(text, color, behind(element), large ? 3 : 4.5)
  }
  const focused = document.activeElement
  if (focused && focused !== document.body) {
    const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(focused)
    const shown = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
    measure(`focus on ${focused.textContent}`, shown ? outlineColor : behind(focused), behind(focused.parentElement), 3)
  }
  return result
}
