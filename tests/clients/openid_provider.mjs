// A real OpenID provider on loopback: node-oidc-provider, with a page to log in as anybody.
//
// Reads one JSON object from its input: client_id, client_secret, redirect_uris, accounts (claims
// by name). Prints its issuer, then serves until its input ends.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { parse } from 'node:querystring'
import Provider from 'oidc-provider'

process.stdin.setEncoding('utf8')
let text = ''
while (!text.includes('\n')) text += (await once(process.stdin, 'data'))[0]
const given = JSON.parse(text)
process.stdin.on('end', () => process.exit(0))

const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://localhost:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: given.client_id,
      client_secret: given.client_secret,
      redirect_uris: given.redirect_uris,
      token_endpoint_auth_method: given.method ?? 'client_secret_basic',
    },
  ],
  cookies: { keys: ['a key of a test'] },
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['given_name', 'family_name', 'groups'],
  },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...given.accounts[id] }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // The people of one company do not consent to its own portal.
  loadExistingGrant: async (ctx) => {
    const { client, session, provider: issuing } = ctx.oidc
    const grant = new issuing.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
})

const page = `<!doctype html><html lang="en"><title>Company login</title><h1>Company login</h1>
<form method="post"><label for="account">Account</label><input id="account" name="account">
<button>Sign in</button></form></html>`

server.on('request', async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return provider.callback()(request, response)
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html')
    return response.end(page)
  }
  let form = ''
  for await (const piece of request) form += piece
  const accountId = parse(form).account
  return provider.interactionFinished(request, response, { login: { accountId } })
})
console.log(issuer)
