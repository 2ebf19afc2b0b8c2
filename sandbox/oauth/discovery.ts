/** The well-known documents (RFC 8414, RFC 9728, SMART App Launch), copied from Medplum. */

const GRANT_TYPES = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:token-exchange',
]
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const SCOPES = ['openid', 'profile', 'email', 'phone', 'address']

/** Served both as openid-configuration and as oauth-authorization-server. */
export function authorizationServer(base: string) {
  return {
    issuer: base,
    authorization_endpoint: `${base}oauth2/authorize`,
    token_endpoint: `${base}oauth2/token`,
    userinfo_endpoint: `${base}oauth2/userinfo`,
    jwks_uri: `${base}.well-known/jwks.json`,
    introspection_endpoint: `${base}oauth2/introspect`,
    registration_endpoint: `${base}oauth2/register`,
    id_token_signing_alg_values_supported: ['ES256', 'HS256', 'RS256'],
    grant_types_supported: GRANT_TYPES,
    response_types_supported: ['code', 'id_token', 'token id_token'],
    subject_types_supported: ['pairwise', 'public'],
    scopes_supported: SCOPES,
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    request_object_signing_alg_values_supported: ['none'],
    code_challenge_methods_supported: ['S256', 'plain'],
  }
}

export function protectedResource(base: string, resource: string | null) {
  return {
    resource: resource?.startsWith(base) ? resource : base,
    issuer: base,
    authorization_servers: [base],
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
    introspection_endpoint: `${base}oauth2/introspect`,
  }
}

export function smartConfiguration(base: string) {
  return {
    issuer: base,
    jwks_uri: `${base}.well-known/jwks.json`,
    authorization_endpoint: `${base}oauth2/authorize`,
    grant_types_supported: GRANT_TYPES,
    token_endpoint: `${base}oauth2/token`,
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'ES384'],
    scopes_supported: [
      'patient/*.rs',
      'user/*.cruds',
      'openid',
      'fhirUser',
      'launch',
      'launch/patient',
      'offline_access',
      'online_access',
    ],
    response_types_supported: ['code'],
    introspection_endpoint: `${base}oauth2/introspect`,
    capabilities: [
      'authorize-post',
      'permission-v1',
      'permission-v2',
      'client-confidential-asymmetric',
      'client-confidential-symmetric',
      'client-public',
      'context-banner',
      'context-ehr-patient',
      'context-ehr-encounter',
      'context-standalone-patient',
      'context-style',
      'launch-ehr',
      'launch-standalone',
      'permission-offline',
      'permission-patient',
      'permission-user',
      'sso-openid-connect',
    ],
    code_challenge_methods_supported: ['S256'],
  }
}
