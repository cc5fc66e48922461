// node-oidc-provider as it comes: in-memory adapter, opaque access tokens, one client.

import Provider from 'oidc-provider';

const { BENCH_PORT, BENCH_CLIENT_ID, BENCH_CLIENT_SECRET } = process.env;
const host = '127.0.0.1';

const provider = new Provider(`http://${host}:${BENCH_PORT}`, {
  clients: [
    {
      client_id: BENCH_CLIENT_ID,
      client_secret: BENCH_CLIENT_SECRET,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  features: { clientCredentials: { enabled: true } },
});

provider.listen(Number(BENCH_PORT), host);
