// openid-client as its documentation shows it: a signed assertion, and with `dpop` bound tokens.
// Reads what to do from standard input and prints what came of it as one JSON object.
import * as oauth from "openid-client";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));

async function run() {
  const key = await crypto.subtle.importKey(
    "jwk",
    given.key,
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const config = await oauth.discovery(
    new URL(given.issuer),
    given.client_id,
    undefined,
    oauth.PrivateKeyJwt({ key, kid: given.key.kid }),
    { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] },
  );
  const DPoP = given.dpop
    ? oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair("ES256"))
    : undefined;
  const token = await oauth.clientCredentialsGrant(config, { scope: "read" }, { DPoP });
  const url = new URL(given.api_url);
  const called = await oauth.fetchProtectedResource(
    config,
    token.access_token,
    url,
    "GET",
    undefined,
    undefined,
    { DPoP },
  );
  const introspected = await oauth.tokenIntrospection(config, token.access_token);
  const revoked = await oauth.tokenRevocation(config, token.access_token);
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
