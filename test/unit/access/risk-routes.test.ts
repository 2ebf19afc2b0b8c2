// The risk of every route in Medplum's route table, written out by hand: an opinion independent of src/access/risk/routes.ts, to be
// reviewed when either changes.
import { expect, test } from 'vitest'
import { kindOf } from './risks.ts'

/** Medplum's routes, as packages/server/src/fhir/routes.ts and its operations declare them, each with what it does. */
const ROUTES = `
read    GET metadata, $versions, .well-known/smart-configuration, .well-known/smart-styles.json
read    GET Patient/$csv
operate POST $ai, Agent/$push, Agent/1/$push
operate GET Bot/$execute, Bot/1/$execute, Bot/$execute/a/b, Bot/1/$execute/a/b
operate POST Bot/$execute, Bot/1/$execute, Bot/$execute/a/b, Bot/1/$execute/a/b
read    GET bulkdata/export/1, job/1/status
operate DELETE bulkdata/export/1, job/1/status
operate GET $export, Patient/$export, Group/1/$export
operate POST $export, Patient/$export, Group/1/$export
admin   POST Project/1/$clone, Project/$init, Bot/$init, User/1/$update-email, User/1/$rescope
read    GET ConceptMap/$translate, ConceptMap/1/$translate
read    POST ConceptMap/$translate, ConceptMap/1/$translate
admin   POST ConceptMap/$import, ConceptMap/1/$import, CodeSystem/$import, CodeSystem/1/$import
read    GET ValueSet/$expand, ValueSet/$validate-code, ValueSet/1/$validate-code
read    POST ValueSet/$expand, ValueSet/$validate-code, ValueSet/1/$validate-code
read    GET CodeSystem/$lookup, CodeSystem/1/$lookup, CodeSystem/$validate-code, CodeSystem/1/$validate-code
read    POST CodeSystem/$lookup, CodeSystem/1/$lookup, CodeSystem/$validate-code, CodeSystem/1/$validate-code
read    GET CodeSystem/$subsumes, CodeSystem/1/$subsumes
read    POST CodeSystem/$subsumes, CodeSystem/1/$subsumes
read    GET Agent/$status, Agent/1/$status, Agent/$bulk-status, Agent/$stats, Agent/1/$stats
read    GET Agent/$fetch-logs, Agent/1/$fetch-logs
operate GET Agent/$reload-config, Agent/1/$reload-config
admin   GET Agent/$upgrade, Agent/1/$upgrade
operate POST AsyncJob/1/$cancel
admin   POST AsyncJob/1/$complete
admin   POST Bot/1/$deploy, PackageRelease/1/$install
write   GET Claim/1/$export
write   POST Claim/$export
operate GET Claim/1/$submit
operate POST Claim/$submit, CoverageEligibilityRequest/$submit, CoverageEligibilityRequest/1/$submit
write   POST Measure/1/$evaluate-measure, PlanDefinition/1/$apply, ChargeItemDefinition/1/$apply
read    GET Patient/1/$graph, Patient/1/$everything, Patient/1/$summary, Patient/1/$ccda-export
read    POST Patient/1/$everything, Patient/1/$summary, Patient/1/$ccda-export, Patient/$match
read    GET QuestionnaireResponse/1/$extract
read    POST QuestionnaireResponse/1/$extract, QuestionnaireResponse/$extract
read    GET Schedule/1/$find, Appointment/$find
write   POST Appointment/$hold, Appointment/$book, Appointment/1/$confirm, Appointment/1/$cancel
admin   POST Patient/1/$expunge, Patient/1/$expunge?everything=true, Patient/1/$reindex, Patient/1/$resend
admin   POST Patient/1/$set-accounts, ClientApplication/1/$rotate-secret
write   POST Patient/1/$refresh-reference-display
admin   GET Subscription/1/$get-ws-binding-token
operate GET ClientApplication/1/$smart-launch
read    POST StructureDefinition/$expand-profile, Patient/$validate
operate POST Media/1/$aws-textract, Binary/1/$scan
read    GET Binary/1/$presigned-url, Project/1/$rate-limits
write   GET Binary/1/$presigned-url?upload=true, Binary/1/$presigned-url?a=1&upload=true
admin   POST $db-stats, $db-schema-diff, $db-invalid-indexes, $explain, $db-configure-indexes
admin   POST $db-index-bloat, $db-column-statistics, $db-configure-column-statistics
admin   GET $db-indexes
admin   POST $get-user-ws-stats, $clear-all-ws-subs, $clear-user-ws-subs
read    GET ?_type=Patient, Patient, Patient/1, Patient/1/_history, Patient/1/_history/2, Binary/1
read    POST Patient/_search
write   POST Patient, Binary?_filename=x
write   PUT Patient/1, Patient?identifier=x, Binary/1
write   PATCH Patient/1, Patient?identifier=x
delete  DELETE Patient/1, Patient?identifier=x, Patient
`

test.each(
  ROUTES.trim()
    .split('\n')
    .flatMap((line) => {
      const [kind = '', method = '', ...paths] = line.split(/,? +/)
      return paths.map((path) => ({ kind, method, path }))
    }),
)('$method $path counts as $kind', ({ kind, method, path }) => {
  expect(kindOf(method, path)).toBe(kind)
})
