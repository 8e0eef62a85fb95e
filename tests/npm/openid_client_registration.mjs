// openid-client registers itself (RFC 7591), logs somebody in, and then reads, changes and removes
// its registration (RFC 7592), which the library leaves to its users.
//
// Speaks lines of JSON as openid_client.mjs does.
//
//   node openid_client_registration.mjs '{"issuer": …, "metadata": {…}, "jwk": {…}, "token": …}'
import * as readline from "node:readline";
import * as client from "openid-client";
import { importJWK } from "jose";

const wanted = JSON.parse(process.argv[2]);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => console.log(JSON.stringify(message));

async function authentication() {
  if (!wanted.jwk) return undefined;
  const key = await importJWK(wanted.jwk, wanted.jwk.alg);
  return client.PrivateKeyJwt({ key, kid: wanted.jwk.kid });
}

async function login(config) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: wanted.metadata.redirect_uris[0],
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  say({ open: url.href });
  const { url: back } = JSON.parse((await lines.next()).value);
  return client.authorizationCodeGrant(config, new URL(back), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    idTokenExpected: true,
  });
}

async function own(method, registered, document) {
  const answer = await fetch(registered.registration_client_uri, {
    method,
    headers: {
      Authorization: `Bearer ${registered.registration_access_token}`,
      ...(document && { "Content-Type": "application/json" }),
    },
    ...(document && { body: JSON.stringify(document) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

async function main() {
  const config = await client.dynamicClientRegistration(
    new URL(wanted.issuer),
    { ...wanted.metadata, [client.clockSkew]: wanted.clock },
    await authentication(),
    { initialAccessToken: wanted.token, execute: [client.allowInsecureRequests] },
  );
  const registered = config.clientMetadata();
  const tokens = await login(config);
  const claims = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const shown = await own("GET", registered);
  const { registration_client_uri, registration_access_token, client_id_issued_at,
    client_secret_expires_at, ...whole } = registered;
  const changed = await own("PUT", registered, { ...whole, client_name: "Renamed" });
  const gone = await own("DELETE", registered);
  const after = await own("GET", registered);
  say({ done: { registered, claims, info, shown, changed, gone, after } });
}

try {
  await main();
} catch (error) {
  say({ failed: { name: error.name, code: error.code, error: error.error, message: error.message, cause: String(error.cause) } });
  process.exitCode = 1;
}
process.stdin.destroy(); // else the open pipe keeps us here
