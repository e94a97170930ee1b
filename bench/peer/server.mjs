// The peer of the login bench: npm oidc-provider with its own in-memory store, as FAPI 2.0 as it can be.
// It is told its port, its clients and its key by environment variables, and says "ready" when it
// listens. Sign-in and consent are finished at once, so that no person is waited for.

import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const PORT = Number(process.env.PEER_PORT);
const issuer = `http://localhost:${PORT}`;
const registered = JSON.parse(process.env.PEER_CLIENTS);
const key = JSON.parse(process.env.PEER_KEY);
const SCOPE = 'openid profile';

const provider = new Provider(issuer, {
  clients: registered.map(({ id, jwk, redirect }) => ({
    client_id: id,
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    dpop_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
    jwks: { keys: [jwk] },
  })),
  jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256' }] },
  clientAuthMethods: ['private_key_jwt'],
  scopes: ['openid', 'profile'],
  claims: { openid: ['sub'], profile: ['name'] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: '2.0' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
  },
  ttl: {
    AccessToken: 300,
    AuthorizationCode: 60,
    Grant: 3_600,
    IdToken: 600,
    Interaction: 1_200,
    Session: 3_600,
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'CHAN Tai Man' }) }),
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) {
    await next();
    return;
  }
  const { params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  const accountId = session?.accountId ?? randomUUID();
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const result = { login: { accountId }, consent: { grantId } };
  const place = await provider.interactionResult(ctx.req, ctx.res, result);
  ctx.redirect(place);
});

const server = createServer(provider.callback());
// Connections wait while the other server has its turn.
server.keepAliveTimeout = 600_000;
server.listen(PORT, '127.0.0.1', () => {
  process.stdout.write('ready\n');
});
