/** The content of documents: plain text, and the smallest PDF and PNG files that viewers can open. */

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

/** A 16×16 grayscale image that stands for a photo of a rash. */
export const PHOTO_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAo0lEQVR42mWPMQrEIBBFPc5CIFXANhCwtQ0IqbzBgK1tKquAreABPEDASvAGtraBae2zu2GbxV8Mn8cw8z+5HzW8sD2OfAeWHM+YC/5ATcHZw7qQ6gNq9EYrUNr4WD8Ak99BilVI2H1CcpdgYONsYXwDEwpp2WnJZzrRmUvtMsFolWB0HEbKhLKRXOcB6zINr2FaVjjOfqO70X3pc3RJ+y7/bd+30aEYM0OGogAAAABJRU5ErkJggg=='

/** A 32×12 sketch of an insurance card. */
export const CARD_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAMCAAAAAAmf+BlAAAAH0lEQVR42mP4TwAw/D+BF4AUaGACaisg6IahoIAAAABhxhp8Ug0f+AAAAABJRU5ErkJggg=='

/** The text of a PDF string literal (ISO 32000-1 §7.3.4.2); characters outside Latin-1 become question marks. */
function literal(text: string): string {
  const latin = [...text.normalize('NFC')].map((letter) => (letter.charCodeAt(0) < 256 ? letter : '?')).join('')
  return latin.replace(/[\\()]/g, '\\$&')
}

/** A one-page PDF 1.4 with its cross-reference table in order. @returns base64 */
export function pdf(lines: readonly string[]): string {
  const drawing = `BT /F1 11 Tf 56 780 Td 15 TL ${lines.map((line) => `(${literal(line)}) Tj T*`).join(' ')} ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>',
    `<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
  ]
  let file = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const offset = file.length
    file += `${index + 1} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const table = file.length
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`
  return Buffer.from(file, 'latin1').toString('base64')
}
