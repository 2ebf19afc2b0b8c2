// Advice by status, for the many errors whose text only repeats the status ("Not found", "Forbidden").

import { ROUTES } from '../../access/risk/routes.ts'
import { secondsToWait } from '../../base/rate-limit.ts'
import { nearest } from '../../fhir/capability.ts'
import { compartmentForm, isType } from '../../fhir/compartment.ts'
import { UUID } from '../../fhir/ids.ts'
import { formatPlace } from '../../fhir/query.ts'
import type { FailedRequest } from './exchange.ts'

export const ADVICE_BY_STATUS: Record<number, (failed: FailedRequest) => string | undefined> = {
  401: () => 'Medplum no longer accepts this session. The person must connect this server again and sign in.',
  403: forbidden,
  404: notFound,
  409: () =>
    'Another request changed the same data at the same time. Read it again, check that your change still makes sense, and retry once.',
  410: gone,
  412: preconditionFailed,
  413: () =>
    'Medplum accepts at most 1 MB per request. Split a Bundle into smaller ones; store a large attachment as a separate Binary.',
  415: () => 'Medplum accepts only uncompressed JSON in UTF-8.',
  422: () => 'The content breaks a rule of the server. Change what the issue names.',
  429: tooManyRequests,
  500: () =>
    'Medplum had an internal error. A read can be repeated once; after a write, check first whether it was carried out.',
  502: unavailable,
  503: unavailable,
  504: unavailable,
}

interface Operation {
  name: string
  /** A path such as `Patient/ID/$everything`; TYPE stands for any type. */
  path: string
  methods: readonly string[]
  forAdmins: boolean
}

const OPERATIONS: readonly Operation[] = ROUTES.flatMap(({ paths, methods, kind }) =>
  paths.flatMap((route) => {
    const path = route.replace(/\?.*/, '').replace('{id}', 'ID').replace('{type}', 'TYPE')
    const name = path.slice(path.indexOf('$'))
    return path.includes('$') ? { name, path, methods, forAdmins: kind === 'admin' || name === '$export' } : []
  }),
)

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

function operationOf({ place }: FailedRequest): string | undefined {
  return place.segments.findLast((segment) => segment.startsWith('$'))
}

function forbidden(failed: FailedRequest): string {
  const operation = operationOf(failed)
  const [type = 'this'] = failed.place.segments
  const who =
    "The signed-in person's AccessPolicy, or the access chosen when connecting, does not allow this. Retrying will not help."
  if (OPERATIONS.some(({ name, forAdmins }) => name === operation && forAdmins)) {
    return `${who} ${operation} is for administrators of the project${operation === '$reindex' ? ' or of the whole server' : ''}.`
  }
  if (['Login', 'User', 'Project', 'ProjectMembership', 'AccessPolicy', 'JsonWebKey'].includes(type))
    return `${who} ${type} is for administrators only, or closed to everyone.`
  if (WRITES.has(failed.asked.method) && !operation)
    return `${who} The person may be able to read ${type} but not change it.`
  return who
}

function notFound(failed: FailedRequest): string | undefined {
  const { asked, place, capability } = failed
  const { segments } = place
  const [type = '', id = ''] = segments
  const operation = operationOf(failed)
  const compartment = compartmentForm(place, capability)
  if (segments.length === 0)
    return 'An entry of the Bundle names something that does not exist or that the signed-in person cannot see.'
  if (compartment) return `Medplum has no compartment paths. Search by reference: GET ${compartment}.`
  if (asked.method === 'HEAD') return 'HEAD is not supported. Use GET.'
  if (type === '_history' || (id === '_history' && segments.length === 2))
    return 'History is available per resource: GET TYPE/ID/_history.'
  if (operation) return unknownOperation(failed, operation)
  if (type === 'job' || type === 'bulkdata')
    return 'There is no such job, or another project started it. Start a new one.'
  if (!isType(type) || segments.length > 4)
    return 'No such path below the FHIR base. Paths are TYPE, TYPE/ID, TYPE/ID/_history or TYPE/ID/$operation.'
  if (segments.length === 1)
    return `Nothing matches the criteria, so nothing was changed. To create it if it is missing, PUT ${formatPlace(place)} with the whole resource.`
  if (asked.method === 'POST' && segments.length === 2)
    return `A POST names no id. To create, POST ${type}; to change this record, PUT or PATCH ${type}/${id}.`
  const query = Object.hasOwn(FINDERS, type) ? FINDERS[type] : '_sort=-_lastUpdated&_count=5'
  const find =
    type === 'Binary'
      ? 'Find files by what refers to them, for example GET DocumentReference?_count=5'
      : `Search for it, for example GET ${type}?${query}`
  if (!UUID.test(id)) return `"${id}" is not a valid Medplum id. Ids are UUIDs assigned by Medplum. ${find}.`
  if (segments.length > 3)
    return `${type}/${id} has no such version, or cannot be seen. GET ${type}/${id}/_history lists the versions.`
  if (asked.method === 'PUT')
    return `PUT does not create records: Medplum assigns the ids. To create, POST ${type} with the resource without its id; to update or create by your own key, PUT ${type}?identifier=SYSTEM|VALUE.`
  return `There is no ${type} with this id that the signed-in person can see (records hidden by an AccessPolicy are 404 too). ${find}.`
}

const FINDERS: Record<string, string> = {
  Patient: 'name=smith&_count=5',
  Practitioner: 'name=smith&_count=5',
  RelatedPerson: 'name=smith&_count=5',
  Organization: 'name=clinic&_count=5',
  Bot: 'name=bot&_count=5',
}

const CUSTOM = 'A custom operation exists only if an OperationDefinition with a bot has its code.'

function unknownOperation({ place, asked }: FailedRequest, operation: string): string {
  const [type = '', second = ''] = place.segments
  if (operation === '$lookup') {
    return 'This code system, as loaded on the server, does not have the code. Check the spelling and case of the code.'
  }
  const forms = OPERATIONS.filter(({ name }) => name === operation)
  if (forms.length === 0) {
    const meant = nearest(
      operation,
      OPERATIONS.map(({ name }) => name),
    ).flatMap((near) => OPERATIONS.find(({ name }) => name === near)?.path ?? [])
    if (meant.length === 0) return `Medplum has no operation ${operation} here. ${CUSTOM}`
    return `Medplum has no operation ${operation}; did you mean ${meant.join(' or ')}? ${CUSTOM}`
  }
  const id = second.startsWith('$') ? '' : second
  const here = [type, id && 'ID', operation].filter((part, at, all) => part && all.indexOf(part) === at).join('/')
  const fitting = forms.filter(({ path }) => path.replace('TYPE', type) === here)
  if (fitting.length === 0)
    return `${operation} is called at ${forms.map(({ path }) => path).join(' or ')}, not at ${here}.`
  if (!fitting.some(({ methods }) => methods.includes(asked.method))) {
    return `${operation} takes ${fitting[0]?.methods.join(' or ')}, not ${asked.method}.`
  }
  const what =
    operation === '$graph' ? 'the resource or the GraphDefinition named' : id ? `${type}/${id}` : 'what it names'
  return `Either ${what} does not exist or cannot be seen by the signed-in person, or this server does not offer ${operation}. Check with GET ${id ? `${type}/${id}` : type || 'metadata'}.`
}

function gone({ place }: FailedRequest): string {
  const [type = 'Patient', id = 'ID'] = place.segments
  return `It was deleted, but its history is kept: GET ${type}/${id}/_history shows earlier versions. To restore it, PUT ${type}/${id} with such a version's whole content.`
}

function preconditionFailed({ asked, place, text }: FailedRequest): string {
  const { segments, parameters } = place
  if (/^Multiple/.test(text)) {
    const criteria =
      parameters.length > 0 ? `GET ${formatPlace(place)}` : `GET ${segments[0] ?? 'Patient'}?identifier=SYSTEM|VALUE`
    const what =
      asked.method === 'POST'
        ? 'If-None-Exist matches more than one resource, so nothing was created.'
        : 'The criteria match more than one resource, so nothing was changed.'
    return `${what} See them with ${criteria}, then narrow the criteria or name one by its id.`
  }
  if (segments.length === 0)
    return 'A version named by ifMatch in the Bundle is no longer the newest. Read those resources again, merge the changes, and send the Bundle with the new versions.'
  return `The resource has changed since it was read: the version named is no longer the newest. GET ${formatPlace({ segments, parameters: [] })}, merge your change into it, and send it with the new meta.versionId.`
}

const WAIT_UNKNOWN = 'Wait a minute before you retry.'

/** Medplum says how long to wait in the header `RateLimit`, or in milliseconds in the issue's diagnostics. */
function tooManyRequests({ headers, diagnostics, place }: FailedRequest): string {
  const ms = /"_msBeforeNext":\s*(\d+)/.exec(diagnostics)?.[1]
  const seconds = secondsToWait(headers.ratelimit) ?? (ms === undefined ? undefined : Math.ceil(Number(ms) / 1000))
  const wait = seconds === undefined ? WAIT_UNKNOWN : `Wait ${seconds} seconds before you retry.`
  const units = 'The units for this minute are used up: a search costs 20, a write 100, a read 1.'
  const batch = place.segments.length === 0 ? ' Send smaller batches.' : ''
  return `${wait} ${units} Make fewer, larger requests (_count, _include).${batch}`
}

function unavailable({ asked }: FailedRequest): string {
  return WRITES.has(asked.method)
    ? 'Medplum, or the network on the way, is overloaded or down. It is unknown whether the request was carried out: check before you retry.'
    : 'Medplum, or the network on the way, is overloaded or down. Try again in a minute; a narrower request may succeed.'
}
