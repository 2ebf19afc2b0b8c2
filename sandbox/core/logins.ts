/**
 * Logins (Medplum's sessions) and their tokens. As in Medplum, revoking a login ends all of its tokens at once, and a refresh token
 * works once.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type CryptoKey,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose'

export interface Login {
  id: string
  /** `User/…`, or `ClientApplication/…` for client credentials. */
  user: string
  email?: string
  clientId?: string
  membershipId?: string
  scope: string
  nonce?: string
  codeChallenge?: string
  codeChallengeMethod?: string
  code: string
  granted: boolean
  revoked: boolean
  superAdmin: boolean
  /** Contained in the newest refresh token only; absent if the login gets no refresh token. */
  refreshSecret?: string
  /** ms since 1970 */
  authTime: number
}

type NewLogin = Pick<Login, 'user' | 'scope' | 'superAdmin'> & Partial<Login>

/** Lifetimes in seconds. */
export interface Lifetimes {
  access: number
  refresh: number
}

interface Issuer {
  baseUrl(): string
  now(): number
  /** Collects every credential ever issued, for tests that look for leaks. */
  secrets: Set<string>
}

/** What must be saved so that tokens stay valid after a restart. */
export interface SavedLogins {
  keyId: string
  privateKey: JWK
  publicKey: JWK
  logins: Login[]
  accessTokens: string[]
}

export class Logins {
  private keyId = randomUUID() as string
  private readonly logins = new Map<string, Login>()
  private accessTokens = new Set<string>()
  private keys = generateKeyPair('ES256', { extractable: true })
  private readonly issuer: Issuer

  constructor(issuer: Issuer) {
    this.issuer = issuer
  }

  start(login: NewLogin): Login {
    const code = randomBytes(16).toString('hex')
    const full = { id: randomUUID(), granted: false, revoked: false, authTime: this.issuer.now(), code, ...login }
    this.logins.set(full.id, full)
    this.issuer.secrets.add(code)
    return full
  }

  get(id: unknown): Login | undefined {
    return typeof id === 'string' ? this.logins.get(id) : undefined
  }

  byCode(code: string): Login | undefined {
    return [...this.logins.values()].find((login) => login.code === code && login.membershipId)
  }

  ofUser(email: string): Login[] {
    return [...this.logins.values()].filter((login) => login.email === email)
  }

  clear(): void {
    this.logins.clear()
    this.accessTokens.clear()
  }

  async saved(): Promise<SavedLogins> {
    const { privateKey, publicKey } = await this.keys
    return {
      keyId: this.keyId,
      privateKey: await exportJWK(privateKey),
      publicKey: await exportJWK(publicKey),
      logins: [...this.logins.values()],
      accessTokens: [...this.accessTokens],
    }
  }

  async restore({ keyId, logins, accessTokens, ...jwks }: SavedLogins): Promise<void> {
    const key = (jwk: JWK) => importJWK(jwk, 'ES256', { extractable: true }) as Promise<CryptoKey>
    const [privateKey, publicKey] = await Promise.all([key(jwks.privateKey), key(jwks.publicKey)])
    this.keyId = keyId
    this.keys = Promise.resolve({ privateKey, publicKey })
    for (const login of logins) this.logins.set(login.id, login)
    this.accessTokens = new Set(accessTokens)
  }

  /** Makes all access tokens issued so far invalid; refresh tokens stay valid. */
  expireAccessTokens(): void {
    this.accessTokens = new Set()
  }

  /** Signs the tokens of a login. A new refresh token replaces the previous one. */
  async issue(login: Login, profile: string, lifetimes: Lifetimes) {
    const jti = randomUUID()
    this.accessTokens.add(jti)
    const base = { login_id: login.id }
    const subject = login.user.split('/')[1] ?? ''
    const email = login.email && login.scope.split(' ').includes('email') ? { email: login.email } : {}
    const accessToken = await this.sign(
      {
        ...base,
        ...(login.clientId ? { client_id: login.clientId } : {}),
        sub: subject,
        username: subject,
        scope: login.scope,
        profile,
        ...email,
        jti,
      },
      this.issuer.baseUrl(),
      lifetimes.access,
    )
    const idToken = await this.sign(
      {
        ...base,
        fhirUser: profile,
        sub: subject,
        ...(login.nonce ? { nonce: login.nonce } : {}),
        auth_time: login.authTime / 1000,
        ...email,
      },
      login.clientId ?? this.issuer.baseUrl(),
      3600,
    )
    if (!login.refreshSecret) {
      return { accessToken, idToken }
    }
    login.refreshSecret = randomBytes(32).toString('hex')
    const refreshToken = await this.sign(
      { ...base, refresh_secret: login.refreshSecret },
      this.issuer.baseUrl(),
      lifetimes.refresh,
    )
    return { accessToken, idToken, refreshToken }
  }

  /** @returns the claims, or undefined if the token is malformed, forged or expired */
  async verify(token: string): Promise<JWTPayload | undefined> {
    const { publicKey } = await this.keys
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        issuer: this.issuer.baseUrl(),
        algorithms: ['ES256'],
        currentDate: new Date(this.issuer.now()),
      })
      return payload
    } catch {
      return undefined
    }
  }

  /** @returns the login of a valid access token */
  async byAccessToken(token: string): Promise<Login | undefined> {
    const claims = await this.verify(token)
    const login = this.get(claims?.login_id)
    return login && !login.revoked && this.accessTokens.has(String(claims?.jti)) ? login : undefined
  }

  /** @returns the login that a token was made for, valid or not; for the request log only */
  peek(token: string): Login | undefined {
    try {
      return this.get(decodeJwt(token).login_id)
    } catch {
      return undefined
    }
  }

  async publicKey(): Promise<JWK> {
    const { publicKey } = await this.keys
    return { kid: this.keyId, alg: 'ES256', use: 'sig', ...(await exportJWK(publicKey)) }
  }

  private async sign(claims: JWTPayload, audience: string, lifetime: number): Promise<string> {
    const { privateKey }: { privateKey: CryptoKey } = await this.keys
    const now = Math.floor(this.issuer.now() / 1000)
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: this.keyId, typ: 'JWT' })
      .setIssuedAt(now)
      .setNotBefore(now)
      .setIssuer(this.issuer.baseUrl())
      .setAudience(audience)
      .setExpirationTime(now + lifetime)
      .sign(privateKey)
    this.issuer.secrets.add(token)
    return token
  }
}
