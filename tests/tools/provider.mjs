// An OpenID provider for tests: `node provider.mjs CONFIG`. Who has an account there, and with which claims, is read from the
// file "accounts" of the configuration whenever somebody signs in, so a test changes it by writing it.

import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const accounts = () => JSON.parse(readFileSync(config.accounts, 'utf8'))

const provider = new Provider(config.issuer, {
  clients: config.clients,
  jwks: config.jwks,
  cookies: { keys: ['a key for tests alone'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'preferred_username', 'department', 'job_title'],
    groups: ['groups'],
  },
  conformIdTokenClaims: config.claims !== 'token',
  features: { devInteractions: { enabled: true } },
  async findAccount(_context, sub) {
    const claims = accounts()[sub]
    return claims && { accountId: sub, claims: async () => ({ sub, ...claims }) }
  },
  // Whoever signs in agrees to everything: the page that asks is not what is tested here.
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    })
    grant.addOIDCScope('openid email profile groups')
    grant.addOIDCClaims(['email', 'email_verified', 'name', 'preferred_username', 'department', 'job_title', 'groups'])
    await grant.save()
    return grant
  },
})

const server = provider.listen(config.port, '127.0.0.1', () => process.stdout.write('ready\n'))
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close(() => process.exit(0))
})
