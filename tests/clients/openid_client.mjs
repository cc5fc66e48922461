// openid-client as its documentation shows it. Reads what to do from standard input and prints
// what came of it as one JSON object.
import * as oauth from "openid-client";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));

async function run() {
  const config = await oauth.discovery(
    new URL(given.issuer),
    given.client_id,
    undefined,
    oauth[given.method](given.secret),
    { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] },
  );
  const token = await oauth.clientCredentialsGrant(config, { scope: "read" });
  const call = () =>
    oauth.fetchProtectedResource(config, token.access_token, new URL(given.api_url), "GET");
  const called = await call();
  const organization = await called.json();
  const introspected = await oauth.tokenIntrospection(config, token.access_token);
  await oauth.tokenRevocation(config, token.access_token);
  const after = await call().then(
    (answer) => ({ status: answer.status }),
    (error) => ({ status: error.status, error: error.cause?.[0]?.parameters?.error }),
  );
  return {
    issuer: config.serverMetadata().issuer,
    token_type: token.token_type,
    expires_in: token.expires_in,
    scope: token.scope,
    called: { status: called.status, id: organization.id },
    introspected: { active: introspected.active, client_id: introspected.client_id },
    after,
  };
}

const outcome = await run().catch((error) => ({
  failed: error.constructor.name,
  status: error.status,
  error: error.error ?? error.cause?.error,
}));
console.log(JSON.stringify(outcome));
