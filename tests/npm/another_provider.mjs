// An OpenID provider that no one here wrote, for our e-service to prove itself against.
// Standard input: {"port", "client"}; prints "ready" when it listens; ends with its parent's pipe.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
const { port, client } = JSON.parse((await once(lines, 'line'))[0]);
lines.on('close', () => process.exit());
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const known = [
  'client_id', 'redirect_uris', 'post_logout_redirect_uris', 'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg', 'jwks', 'grant_types', 'response_types', 'scope',
  'require_pushed_authorization_requests', 'id_token_signed_response_alg',
  'backchannel_logout_uri', 'backchannel_logout_session_required',
];

const provider = new Provider(`http://localhost:${port}`, {
  clients: [Object.fromEntries(known.map((name) => [name, client[name]]))],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] },
  features: {
    backchannelLogout: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
  },
  claims: { openid: ['sub'], profile: ['given_name'], egovnrn: ['egovNRN'] },
  scopes: ['openid', 'profile', 'egovnrn'],
  cookies: { keys: ['for one test'] },
  // It calls no address inside, rightly; here everything is.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, given_name: 'Nora', egovNRN: '85073099833' }),
  }),
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));
