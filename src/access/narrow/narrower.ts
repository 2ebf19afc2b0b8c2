// A connection that the person limited to some resource types, to one patient's records, or both: how a request is changed before it is
// sent, and how its answer is checked. Whatever isn't known to stay within the limits is refused.

import { isRecord } from '../../base/json.ts'
import { AccessError } from '../../client/access-error.ts'
import type { Read } from '../../client/guard.ts'
import { criterion, formatPlace, type Place, parsePlace } from '../../fhir/query.ts'
import { type Interaction, interactionOf, reachingParameter } from './interaction.ts'
import type { Judge } from './judge.ts'
import { type Narrowing, narrowedTo, SHARED_TYPES } from './narrowing.ts'
import { ANOTHER, isPatientType, mentionsOther, patientNamedBy, patientsOf } from './patient-compartment.ts'
import { ASKS_SEARCH, asksSearch, checkReferences, referencesIn, withOnly } from './references.ts'
import { type Current, checkNew, currentOf, patched } from './write.ts'

/** One interaction as it may be sent: a request of its own, or an entry of a batch. */
interface Attempt {
  method: string
  place: Place
  /** As JSON; undefined if there is none. */
  body: unknown
  ifNoneExist?: string | undefined
  inBatch: boolean
}

/** Its result. */
export interface Narrowed {
  place: Place
  /** The answer as it may be shown; undefined if the record must seem not to exist. */
  settle(body: unknown): { body: unknown } | undefined
  /** Reveals nothing about other patients' records: missing and deleted look alike. */
  conceals: boolean
  /** The version that was checked and must still be current for the change. */
  version?: string
}

/** Limits one connection's requests. During a call it remembers which files the patient's records named. */
export class Narrower {
  readonly #narrowing: Narrowing
  readonly #read: Read
  readonly #judge: Judge

  constructor(narrowing: Narrowing, read: Read, judge: Judge) {
    this.#narrowing = narrowing
    this.#read = read
    this.#judge = judge
  }

  refusal(what: string): AccessError {
    return new AccessError(
      `This connection is limited to ${narrowedTo(this.#narrowing)}, and ${what}. Nothing was sent. To change the limit, the person reconnects this server in the client.`,
    )
  }

  /**
   * @returns undefined if the record must seem not to exist
   * @throws {AccessError} for what may reach beyond the limits
   */
  async narrow(asked: Attempt): Promise<Narrowed | undefined> {
    const interaction = interactionOf(asked.method, asked.place)
    const { parameters } = asked.place
    const criteria = [...parameters, ...parsePlace(`?${asked.ifNoneExist ?? ''}`).parameters]
    const reaching = interaction.kind === 'server' ? undefined : reachingParameter(criteria)
    if (reaching !== undefined) {
      throw this.refusal(`\`${reaching}\` can depend on other records: chains, _has, _filter and similar can't be used`)
    }
    if (interaction.kind === 'patch' && asked.inBatch) throw this.refusal('a PATCH must be a separate request')
    const isSearch = interaction.kind === 'search' || interaction.kind === 'everything'
    if (!isSearch && criteria.some(({ key }) => key.startsWith('_type'))) {
      throw this.refusal('`_type` is for searches by GET only')
    }
    this.#checkTypes(interaction)
    return this.#narrowing.patient === undefined
      ? this.#passed(asked, interaction)
      : this.#toPatient(asked, interaction, this.#narrowing.patient)
  }

  #checkTypes(interaction: Interaction): void {
    if (interaction.kind === 'job') throw this.refusal('the answers to jobs and exports would bypass this limit')
    if (interaction.kind === 'other') {
      throw this.refusal(
        'this request can reach other records. Read, search by GET, and create, update or delete single records instead',
      )
    }
    const { types } = this.#narrowing
    if (types === undefined || types.length === 0) return
    if (interaction.kind === 'summary') throw this.refusal('$summary gathers records of other types')
    const reached = typesOf(interaction).filter((type) => !types.includes(type))
    if (reached.length > 0) throw this.refusal(`this is about ${reached.join(', ')}`)
  }

  /** A connection limited only to types: requests of those types pass, but references in a body may be searched among all types. */
  async #passed({ place, body, inBatch }: Attempt, interaction: Interaction): Promise<Narrowed | undefined> {
    const pass = { place, conceals: false, settle: this.#settle(interaction, false) }
    if (interaction.kind !== 'patch') {
      if (asksSearch(body)) throw this.refusal(ASKS_SEARCH)
      return pass
    }
    const { type, id } = interaction
    if (id === undefined) throw this.refusal('a PATCH must name the record by its id')
    const current = await currentOf({ type, id }, this.#read)
    if (current === undefined) return undefined
    const result = patched(current, body)
    const wrong = 'wrong' in result ? result.wrong : checkReferences(result.after, { before: current.record, inBatch })
    if (wrong !== undefined) throw this.refusal(wrong)
    return { ...pass, version: current.version }
  }

  async #toPatient(asked: Attempt, interaction: Interaction, patient: string): Promise<Narrowed | undefined> {
    const { place } = asked
    const pass = (more: Partial<Narrowed> = {}): Narrowed => ({
      ...{ place, conceals: true, settle: this.#settle(interaction, false) },
      ...more,
    })
    switch (interaction.kind) {
      case 'server':
      case 'terminology':
        return pass({ conceals: false })
      case 'search':
        return this.#search(place, interaction, patient)
      case 'read':
      case 'history':
        if (interaction.type === 'Binary') return (await this.#isOwnFile(interaction.id, patient)) ? pass() : undefined
        if (isPatientType(interaction.type) || SHARED_TYPES.has(interaction.type)) return pass()
        throw this.refusal(`${interaction.type} isn't stored per patient`)
      case 'everything':
      case 'summary':
        return interaction.id === patient ? pass() : undefined
      case 'create':
      case 'validate':
      case 'update':
      case 'patch':
      case 'delete':
        return this.#write(asked, interaction, patient)
      default:
        throw this.refusal('this request can reach other records')
    }
  }

  #search(place: Place, interaction: Interaction & { kind: 'search' }, patient: string): Narrowed {
    const { types } = interaction
    const own = types.filter(isPatientType)
    const given = place.parameters.filter(({ key }) => key.split(':')[0] === '_compartment')
    const foreign = given.some(({ key, value }) => key !== '_compartment' || value !== `Patient/${patient}`)
    if (foreign) throw this.refusal('`_compartment` names another patient')
    const settle = this.#settle(interaction, true)
    if (own.length === 0 && given.length === 0 && types.every((type) => SHARED_TYPES.has(type))) {
      if (place.parameters.some(({ key }) => key.startsWith('_revinclude'))) {
        throw this.refusal('`_revinclude` would include records of other patients')
      }
      return { place, conceals: true, settle: this.#settle(interaction, false) }
    }
    if (own.length < types.length && given.length === 0) {
      const other = types.filter((type) => !isPatientType(type)).join(', ')
      throw this.refusal(
        `${other} isn't stored per patient${own.length > 0 ? ': search for the other types alone' : ''}`,
      )
    }
    const parameters = given.length > 0 ? place.parameters : [...place.parameters, compartment(patient)]
    return { place: { ...place, parameters }, conceals: true, settle }
  }

  async #write(
    asked: Attempt,
    interaction: Interaction & { kind: 'create' | 'validate' | 'update' | 'patch' | 'delete' },
    patient: string,
  ): Promise<Narrowed | undefined> {
    const { place, body, inBatch } = asked
    const { kind, type } = interaction
    const id = 'id' in interaction ? interaction.id : kind === 'validate' && type === 'Patient' ? patient : undefined
    const changes = kind === 'update' || kind === 'patch' || kind === 'delete'
    if (!isPatientType(type)) throw this.refusal(`${type} isn't stored per patient, so it can only be read`)
    if (place.parameters.length > 0 || asked.ifNoneExist !== undefined || (changes && id === undefined)) {
      throw this.refusal('a conditional change depends on a search. Search first, then use the id of the record')
    }
    let current: Current | undefined
    if (changes && id !== undefined) {
      current = await currentOf({ type, id }, this.#read)
      if (current === undefined || !patientsOf(current.record).includes(patient)) return undefined
      if (mentionsOther(current.record, patient))
        throw this.refusal('this record is about other patients too, so it can only be read')
    }
    const settle = this.#settle(interaction, false)
    const pass = { place, conceals: true, settle, ...(current && { version: current.version }) }
    if (kind === 'delete') return pass
    const result = kind === 'patch' && current ? patched(current, body) : { after: body }
    const before = current?.record
    const wrong =
      'wrong' in result
        ? result.wrong
        : checkNew(result.after, { type, patient, inBatch, ...(id !== undefined && { id }), ...(before && { before }) })
    if (wrong !== undefined) throw this.refusal(wrong)
    if (kind === 'validate' || inBatch || !('after' in result)) return pass
    // Medplum stored something else: for example, it resolved a search in place of a reference.
    const sent = referencesIn(result.after)
    return {
      ...pass,
      settle: (answer) => {
        const shown = settle(answer)
        return shown && { body: withoutUnsent(shown.body, sent) }
      },
    }
  }

  /** A file is the patient's if it says so itself, or if a record of the patient names it. */
  async #isOwnFile(id: string, patient: string): Promise<boolean> {
    if (this.#judge.files.has(id)) return true
    const file = await this.#read(`Binary/${id}`)
    const context = isRecord(file) && isRecord(file.securityContext) ? file.securityContext.reference : undefined
    if (typeof context === 'string' && patientNamedBy(context) !== undefined) return context === `Patient/${patient}`
    const parameters = [criterion('location', `Binary/${id}`), compartment(patient)]
    const found = await this.#read(formatPlace({ segments: ['DocumentReference'], parameters }))
    this.#judge.bundle(found, false)
    return this.#judge.files.has(id)
  }

  #settle(interaction: Interaction, trusted: boolean): Narrowed['settle'] {
    const judge = this.#judge
    return (body) => {
      if (interaction.kind === 'search') return judge.bundle(body, trusted)
      if (interaction.kind === 'everything' || interaction.kind === 'summary') return judge.bundle(body, false)
      if (interaction.kind === 'history') return judge.history(body)
      const isRecordAnswer =
        'type' in interaction && interaction.kind !== 'terminology' && interaction.type !== 'Binary'
      return isRecordAnswer ? judge.single(body) : { body }
    }
  }
}

function compartment(patient: string) {
  return criterion('_compartment', `Patient/${patient}`)
}

function typesOf(interaction: Interaction): string[] {
  if (interaction.kind === 'search') return interaction.types
  if ('type' in interaction) return [interaction.type]
  return interaction.kind === 'everything' || interaction.kind === 'summary' ? ['Patient'] : []
}

/** The server sets `meta`. */
function withoutUnsent(body: unknown, sent: ReadonlySet<string>): unknown {
  if (!isRecord(body) || body.resourceType === 'OperationOutcome') return body
  const { meta, ...rest } = body
  const shown = withOnly(rest, sent, ANOTHER)
  return isRecord(shown) && meta !== undefined ? { ...shown, meta } : shown
}
