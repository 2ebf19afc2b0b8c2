/** `GET {type}/$csv?_fields=…`: search results as CSV. */

import {
  badRequest,
  evalFhirPath,
  formatAddress,
  formatHumanName,
  getSearchParameter,
  isResourceType,
  parseSearchRequest,
} from '@medplum/core'
import type { Address, CodeableConcept, HumanName, Resource } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import type { Call, DirectRoute } from './direct.ts'

export const csvRoutes: DirectRoute[] = [['GET', /^\/(\w+)\/\$csv$/i, table]]

async function table({ records, url }: Call, type = ''): Promise<Response> {
  const query = new URLSearchParams(url.searchParams)
  const fields = query.get('_fields')?.split(',')
  query.delete('_fields')
  if (!fields) {
    throw fail(badRequest('Missing _fields parameter'))
  }
  if (!isResourceType(type)) {
    throw fail(badRequest('Unsupported resource type'))
  }
  const resources = await records.searchResources<Resource>(parseSearchRequest(`${type}?${query}`))
  const rows = resources.map((resource) =>
    fields.map((field) => {
      const [value] = evalFhirPath(getSearchParameter(type, field)?.expression ?? field, resource)
      return cell(value)
    }),
  )
  // The byte order mark tells spreadsheets that this is UTF-8.
  const text = `\uFEFF${[fields, ...rows].map((row) => row.join(',')).join('\n')}`
  return new Response(text, {
    headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename=export.csv' },
  })
}

function cell(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return String(value)
  }
  const text = textOf(value)?.trim().replaceAll('"', '""')
  if (!text) {
    return ''
  }
  // Spreadsheets take a value that begins with one of these for a formula.
  return `"${/^[=+\-@]/.test(text) ? "'" : ''}${text}"`
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' ? value : undefined
  }
  if ('city' in value) {
    return formatAddress(value as Address)
  }
  if ('family' in value) {
    return formatHumanName(value as HumanName)
  }
  const { value: content, display, coding, text } = value as CodeableConcept & { value?: unknown; display?: string }
  return content !== undefined ? String(content) : (display ?? coding?.[0]?.display ?? coding?.[0]?.code ?? text)
}
