/** The CapabilityStatement at `/fhir/R4/metadata`, which needs no token. */
import { globalSchema, isResourceType } from '@medplum/core'
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceInteraction,
  ResourceType,
} from '@medplum/fhirtypes'

const INTERACTIONS: CapabilityStatementRestResourceInteraction['code'][] = [
  'create',
  'read',
  'update',
  'patch',
  'delete',
  'search-type',
  'history-instance',
  'vread',
]

export function capabilityStatement(base: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-06-09T00:00:00.000Z',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    patchFormat: ['application/json-patch+json'],
    software: { name: 'medplum', version: '5.1.17-sandbox' },
    implementation: { description: 'medplum', url: `${base}fhir/R4` },
    rest: [
      {
        mode: 'server',
        security: {
          service: [
            {
              coding: [
                { system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' },
              ],
            },
          ],
        },
        interaction: [{ code: 'batch' }, { code: 'transaction' }],
        resource: Object.keys(globalSchema.types).filter(isResourceType).toSorted().map(describe),
      },
    ],
  }
}

function describe(type: string): CapabilityStatementRestResource {
  const params = Object.values(globalSchema.types[type]?.searchParams ?? {})
  return {
    type: type as ResourceType,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: INTERACTIONS.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: false,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: 'single',
    searchParam: params.map((param) => ({ name: param.code, type: param.type })),
  }
}
