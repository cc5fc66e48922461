// oauth4webapi with a certificate (RFC 8705), as its documentation shows it. Reads what to do from
// standard input and prints what came of it as one JSON object.
import * as oauth from "oauth4webapi";
import { fetchWith, given, print, statusWith } from "./certificates.mjs";

async function run() {
  const issuer = new URL(given.issuer);
  const options = { [oauth.customFetch]: fetchWith(given.certificate) };
  const as = await oauth
    .discoveryRequest(issuer, { algorithm: "oauth2", ...options })
    .then((response) => oauth.processDiscoveryResponse(issuer, response));
  const client = { client_id: given.client_id, use_mtls_endpoint_aliases: true };
  const auth = oauth.TlsClientAuth();
  const parameters = new URLSearchParams({ scope: "read" });
  const token = await oauth
    .clientCredentialsGrantRequest(as, client, auth, parameters, options)
    .then((response) => oauth.processClientCredentialsResponse(as, client, response));
  const url = new URL(given.api_url);
  const called = await oauth.protectedResourceRequest(
    token.access_token,
    "GET",
    url,
    undefined,
    undefined,
    options,
  );
  const introspected = await oauth
    .introspectionRequest(as, client, auth, token.access_token, options)
    .then((answer) => oauth.processIntrospectionResponse(as, client, answer));
  const withAnother = await statusWith(given.other, token.access_token);
  const revoked = await oauth
    .revocationRequest(as, client, auth, token.access_token, options)
    .then((answer) => oauth.processRevocationResponse(answer));
  return {
    token_type: token.token_type,
    called: called.status,
    with_another: withAnother,
    introspected: {
      active: introspected.active,
      bound: Object.keys(introspected.cnf),
    },
    revoked: revoked === undefined,
  };
}

await print(run());
