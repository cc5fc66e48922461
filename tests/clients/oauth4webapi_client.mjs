// oauth4webapi as its documentation shows it: a signed assertion, and with `dpop` bound tokens.
// Reads what to do from standard input and prints what came of it as one JSON object.
import * as oauth from "oauth4webapi";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));
const insecure = { [oauth.allowInsecureRequests]: true };

async function run() {
  const issuer = new URL(given.issuer);
  const as = await oauth
    .discoveryRequest(issuer, { algorithm: "oauth2", ...insecure })
    .then((response) => oauth.processDiscoveryResponse(issuer, response));
  const client = { client_id: given.client_id };
  const key = await crypto.subtle.importKey(
    "jwk",
    given.key,
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const auth = oauth.PrivateKeyJwt({ key, kid: given.key.kid });
  const DPoP = given.dpop
    ? oauth.DPoP(client, await oauth.generateKeyPair("ES256"))
    : undefined;
  const options = { DPoP, ...insecure };
  const response = await oauth.clientCredentialsGrantRequest(
    as,
    client,
    auth,
    new URLSearchParams({ scope: "read" }),
    options,
  );
  const token = await oauth.processClientCredentialsResponse(as, client, response);
  const called = await oauth.protectedResourceRequest(
    token.access_token,
    "GET",
    new URL(given.api_url),
    undefined,
    undefined,
    options,
  );
  const introspected = await oauth
    .introspectionRequest(as, client, auth, token.access_token, insecure)
    .then((answer) => oauth.processIntrospectionResponse(as, client, answer));
  const revoked = await oauth
    .revocationRequest(as, client, auth, token.access_token, insecure)
    .then((answer) => oauth.processRevocationResponse(answer));
  return {
    token_type: token.token_type,
    called: { status: called.status, id: (await called.json()).id },
    introspected: { active: introspected.active, token_type: introspected.token_type },
    revoked: revoked === undefined,
  };
}

const outcome = await run().catch((error) => ({
  failed: error.constructor.name,
  message: error.message,
  cause: String(error.cause?.error ?? error.cause),
}));
console.log(JSON.stringify(outcome));
