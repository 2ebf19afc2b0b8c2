// What each of Medplum's routes does, as a table. The classifier, docs/risk.md and the tests all read it, so that a route's risk is
// decided and explained in one place. Taken from Medplum's route table (packages/server/src/fhir/routes.ts) and its operation handlers.
import type { Method } from '../../client/request.ts'

/** From least to most. */
export const KINDS = ['read', 'write', 'delete', 'operate', 'admin'] as const
export type Kind = (typeof KINDS)[number]

/** The highest of several kinds; `read` of none. */
export function highest(kinds: Iterable<Kind>): Kind {
  let top = 0
  for (const kind of kinds) top = Math.max(top, KINDS.indexOf(kind))
  return KINDS[top] ?? 'admin'
}

export interface Route {
  group: string
  methods: Method[]
  /** Below the FHIR base. `{type}`, `{id}` and `{version}` match any; `?x` at the end asks for a query parameter x. */
  paths: string[]
  kind: Kind
  why: string
}

/** One line of a group: methods and paths separated by spaces, the kind, the reason. */
type Line = [methods: string, paths: string, kind: Kind, why: string]

/** Every route whose effect is known. Anything else counts as unknown if it is an operation, and otherwise depends on its method. */
export const ROUTES: Route[] = [
  ...group('Resources', [
    ['GET', '(base) {type} {type}/{id}', 'read', 'reads or searches'],
    ['GET', '{type}/{id}/_history {type}/{id}/_history/{version}', 'read', 'reads earlier versions'],
    ['POST', '{type}/_search', 'read', 'searches, with the criteria in the body'],
    ['POST', '{type}', 'write', 'creates'],
    ['PUT PATCH', '{type}/{id} {type}', 'write', 'changes one; without an id, the one that the query finds'],
    ['DELETE', '{type}/{id} {type}', 'delete', 'deletes one; without an id, the one that the query finds'],
    ['GET', 'metadata $versions', 'read', 'describes the server'],
    ['GET', '.well-known/smart-configuration .well-known/smart-styles.json', 'read', 'describes the server'],
    ['GET', '{type}/$csv {type}/{id}/$graph', 'read', 'reads in another format'],
    ['POST', '{type}/$validate', 'read', 'checks the body and stores nothing'],
    ['POST', '{type}/{id}/$refresh-reference-display', 'write', "rewrites the names in the resource's references"],
    ['GET', 'Binary/{id}/$presigned-url', 'read', 'returns a link to the file, as every read of an attachment does'],
    ['GET', 'Binary/{id}/$presigned-url?upload', 'write', 'returns a link through which the file can be replaced'],
  ]),
  ...group('Patient', [
    [
      'GET POST',
      'Patient/{id}/$everything Patient/{id}/$summary Patient/{id}/$ccda-export',
      'read',
      'gathers a record',
    ],
    ['POST', 'Patient/$match', 'read', 'searches for similar patients'],
  ]),
  ...group('Clinical work', [
    ['POST', 'PlanDefinition/{id}/$apply', 'write', 'creates a RequestGroup, Tasks and ServiceRequests'],
    ['POST', 'ChargeItemDefinition/{id}/$apply', 'write', 'sets the price of a ChargeItem'],
    ['POST', 'Measure/{id}/$evaluate-measure', 'write', 'stores a MeasureReport'],
    ['GET POST', 'QuestionnaireResponse/{id}/$extract', 'read', 'returns a transaction Bundle and stores nothing'],
    ['POST', 'QuestionnaireResponse/$extract', 'read', 'returns a transaction Bundle and stores nothing'],
    ['GET', 'Schedule/{id}/$find Appointment/$find', 'read', 'looks for free time'],
    ['POST', 'Appointment/$hold Appointment/$book', 'write', 'creates an Appointment and its Slots'],
    ['POST', 'Appointment/{id}/$confirm Appointment/{id}/$cancel', 'write', 'changes an Appointment and its Slots'],
    ['GET', 'Claim/{id}/$export', 'write', 'stores the PDF as a new Binary, although it is a GET'],
    ['POST', 'Claim/$export', 'write', 'stores the PDF as a new Binary'],
    ['GET', 'Claim/{id}/$submit', 'operate', 'submits the claim through a bot, although it is a GET'],
    ['POST', 'Claim/$submit', 'operate', 'submits the claim through a bot'],
    [
      'POST',
      'CoverageEligibilityRequest/$submit CoverageEligibilityRequest/{id}/$submit',
      'operate',
      'submits the request through a bot',
    ],
  ]),
  ...group('Terminology', [
    ['GET POST', 'ValueSet/$expand ValueSet/$validate-code ValueSet/{id}/$validate-code', 'read', 'looks up codes'],
    ['GET POST', 'CodeSystem/$lookup CodeSystem/{id}/$lookup', 'read', 'looks up codes'],
    ['GET POST', 'CodeSystem/$validate-code CodeSystem/{id}/$validate-code', 'read', 'looks up codes'],
    ['GET POST', 'CodeSystem/$subsumes CodeSystem/{id}/$subsumes', 'read', 'looks up codes'],
    ['GET POST', 'ConceptMap/$translate ConceptMap/{id}/$translate', 'read', 'looks up codes'],
    ['POST', 'StructureDefinition/$expand-profile', 'read', 'gathers a profile and the profiles it names'],
    [
      'POST',
      'CodeSystem/$import CodeSystem/{id}/$import ConceptMap/$import ConceptMap/{id}/$import',
      'admin',
      'loads code tables in bulk for every user of the project',
    ],
  ]),
  ...group('Bots, agents and services', [
    ['GET POST', 'Bot/$execute Bot/{id}/$execute', 'operate', 'runs code that can do anything, also by GET'],
    ['POST', 'Agent/$push Agent/{id}/$push', 'operate', 'sends a message to a device or system in the clinic'],
    ['GET', 'Agent/$reload-config Agent/{id}/$reload-config', 'operate', 'restarts connections, although it is a GET'],
    ['GET', 'Agent/$upgrade Agent/{id}/$upgrade', 'admin', 'installs software in the clinic, although it is a GET'],
    ['GET', 'Agent/$status Agent/{id}/$status Agent/$bulk-status', 'read', 'reports the state of agents'],
    [
      'GET',
      'Agent/$stats Agent/{id}/$stats Agent/$fetch-logs Agent/{id}/$fetch-logs',
      'read',
      'reports the state of agents',
    ],
    ['POST', '$ai', 'operate', 'sends a conversation to an outside AI service'],
    ['POST', '{type}/{id}/$aws-textract', 'operate', 'sends a document to an outside service and stores the answer'],
    ['GET POST', 'Binary/{id}/$scan', 'operate', 'sends a file to an outside scanner'],
  ]),
  ...group('Exports and jobs', [
    [
      'GET POST',
      '$export Patient/$export Group/{id}/$export',
      'operate',
      'starts a job that copies all records to files',
    ],
    ['GET', 'job/{id}/status bulkdata/export/{id}', 'read', 'reports the state of a job'],
    ['DELETE', 'job/{id}/status bulkdata/export/{id}', 'operate', 'asks a job to stop; deletes no record'],
    ['POST', 'AsyncJob/{id}/$cancel', 'operate', 'asks a job to stop'],
    ['POST', 'AsyncJob/{id}/$complete', 'admin', 'marks a server job as done (super admin)'],
  ]),
  ...group('Access and credentials', [
    ['GET', 'ClientApplication/{id}/$smart-launch', 'operate', 'creates a launch that gives an app its context'],
    ['GET', 'Subscription/{id}/$get-ws-binding-token', 'admin', 'creates an access token and shows it in the answer'],
    ['POST', 'ClientApplication/{id}/$rotate-secret', 'admin', 'creates a secret and retires the current one'],
    [
      'POST',
      'User/{id}/$update-email User/{id}/$rescope',
      'admin',
      'changes how a person signs in, or what they sign in to',
    ],
    ['POST', '{type}/{id}/$set-accounts', 'admin', 'changes who can see the resource and its compartment'],
  ]),
  ...group('Administration', [
    ['POST', '{type}/{id}/$expunge', 'admin', 'erases a resource and its history for good; can erase a compartment'],
    ['POST', '{type}/{id}/$reindex', 'admin', 'rebuilds search tables (super admin)'],
    ['POST', '{type}/{id}/$resend', 'admin', 'fires every subscription and bot of the resource again'],
    ['POST', 'Bot/$init Bot/{id}/$deploy', 'admin', 'installs code'],
    ['POST', 'Project/$init Project/{id}/$clone', 'admin', 'creates a project'],
    ['GET', 'Project/{id}/$rate-limits', 'read', 'reports how much of each quota is left'],
    ['POST', 'PackageRelease/{id}/$install', 'admin', 'installs bots, secrets and policies'],
    ['POST', 'PackageInstallation/{id}/$uninstall', 'admin', 'removes what a package installed (announced)'],
    [
      'POST',
      '$explain $db-stats $db-schema-diff $db-invalid-indexes',
      'admin',
      'concerns the database itself (super admin)',
    ],
    ['GET', '$db-indexes', 'admin', 'concerns the database itself (super admin)'],
    ['POST', '$db-index-bloat $db-column-statistics', 'admin', 'concerns the database itself (super admin)'],
    [
      'POST',
      '$db-configure-indexes $db-configure-column-statistics',
      'admin',
      'concerns the database itself (super admin)',
    ],
    [
      'POST',
      '$get-user-ws-stats $clear-all-ws-subs $clear-user-ws-subs',
      'admin',
      "concerns other users' live connections (super admin)",
    ],
    ['POST', '$clear-all-user-ws-subs', 'admin', "concerns other users' live connections (super admin)"],
  ]),
]

/** Any write or deletion of one of these types is admin; reading is a read. */
export const GOVERNING_TYPES: Record<string, string> = {
  AccessPolicy: 'says who may see what, and do what',
  ProjectMembership: 'gives a person or a bot its access',
  Project: 'holds a project’s features, secrets and settings',
  Enterprise: 'groups projects',
  User: 'is an account that signs in',
  UserSecurityRequest: 'resets a password or verifies an e-mail address',
  PasswordChangeRequest: 'resets a password (until Medplum 3)',
  UserConfiguration: 'says what the Medplum App shows a person',
  Login: 'is a session',
  JsonWebKey: 'signs tokens',
  ClientApplication: 'lets an app sign people in, and has a secret',
  DomainConfiguration: 'says which identity provider a domain trusts',
  IdentityProvider: 'is trusted for sign-in',
  SmartAppLaunch: 'gives an app its context',
  SmartHealthLink: 'opens records to whoever has the link',
  Bot: 'is code that runs with its own access',
  Cron: 'runs a bot on a schedule',
  Subscription: 'runs a bot, or sends records to any address, on every change',
  OperationDefinition: 'ties an operation name to a bot',
  Agent: 'configures software in the clinic',
  Package: 'is code to be installed',
  PackageRelease: 'is code to be installed',
  PackageInstallation: 'is installed code',
  AsyncJob: "is the server's own record of its jobs",
  BulkDataExport: "is the server's own record of its exports",
}

const GOVERNING = new Set(Object.keys(GOVERNING_TYPES).map((type) => type.toLowerCase()))

/** Whether writing or deleting this type is admin. Letter case is ignored, to be safe. */
export function governs(type: string): boolean {
  return GOVERNING.has(type.toLowerCase())
}

function group(name: string, lines: Line[]): Route[] {
  return lines.map(([methods, paths, kind, why]) => ({
    group: name,
    methods: methods.split(' ') as Method[],
    paths: paths.split(' ').map((path) => (path === '(base)' ? '' : path)),
    kind,
    why,
  }))
}
