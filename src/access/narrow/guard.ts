// The part of a connection's guard that enforces the limits that the person set.

import type { Guard, Passage } from '../../client/guard.ts'
import type { FhirRequest } from '../../client/request.ts'
import { formatPlace, parsePlace } from '../../fhir/query.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import { narrowBatch } from './batch.ts'
import { interactionOf } from './interaction.ts'
import { Judge } from './judge.ts'
import { type Narrowed, Narrower } from './narrower.ts'
import type { Narrowing } from './narrowing.ts'

/** The guard of a narrowed connection; one for each call. */
export function narrowingGuard(narrowing: Narrowing): Guard {
  const judge = new Judge(narrowing)
  return {
    async admit(request, read) {
      if (request.mark) return { request }
      const narrower = new Narrower(narrowing, read, judge)
      const { method, path, ifNoneExist } = request
      if (request.respondAsync) throw narrower.refusal('the answer to a background job would bypass this limit')
      if (strictPlaceOf(path).odd) throw narrower.refusal('its path is not a plain path below the FHIR base')
      const place = parsePlace(path)
      if (interactionOf(method, place).kind === 'batch') return narrowBatch(request, narrower)
      const narrowed = await narrower.narrow({
        method,
        place,
        body: request.content?.value,
        ifNoneExist,
        inBatch: false,
      })
      return narrowed && passageOf(request, narrowed)
    },
    withheld: () => judge.withheld(),
  }
}

function passageOf(request: FhirRequest, { place, settle, conceals, version }: Narrowed): Passage {
  return {
    request: { ...request, path: formatPlace(place), ...(version !== undefined && onlyFor(request, version)) },
    settle: (response) => {
      const shown = settle(response.body)
      return shown && { ...response, body: shown.body }
    },
    conceals,
  }
}

/** Changes only the version that was checked. */
function onlyFor(request: FhirRequest, version: string): Partial<FhirRequest> {
  if (request.method === 'PUT') return { ifMatch: request.ifMatch ?? `W/"${version}"` }
  const { method, content } = request
  if (method !== 'PATCH' || !Array.isArray(content?.value)) return {}
  return { content: content.with([{ op: 'test', path: '/meta/versionId', value: version }, ...content.value]) }
}
