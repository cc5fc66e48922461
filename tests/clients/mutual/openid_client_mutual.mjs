// openid-client with a certificate (RFC 8705), as its documentation shows it. Reads what to do from
// standard input and prints what came of it as one JSON object.
import * as oauth from "openid-client";
import { fetchWith, given, print, statusWith } from "./certificates.mjs";

async function run() {
  const customFetch = fetchWith(given.certificate);
  const config = await oauth.discovery(
    new URL(given.issuer),
    given.client_id,
    { use_mtls_endpoint_aliases: true },
    oauth.TlsClientAuth(),
    { algorithm: "oauth2", [oauth.customFetch]: customFetch },
  );
  const token = await oauth.clientCredentialsGrant(config, { scope: "read" });
  const url = new URL(given.api_url);
  const called = await oauth.fetchProtectedResource(config, token.access_token, url, "GET");
  const introspected = await oauth.tokenIntrospection(config, token.access_token);
  const withAnother = await statusWith(given.other, token.access_token);
  const revoked = await oauth.tokenRevocation(config, token.access_token);
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
