// openid-client, a certified library, as a FAPI 2.0 client: PAR, PKCE, signed requests and answers,
// and either private_key_jwt with DPoP or a TLS certificate for both.
//
// Speaks lines of JSON: out {"open": url} and at the end {"done": {...}} or {"failed": {...}};
// in, one line with where the browser was sent back to.
//
//   node openid_client_fapi.mjs '{"issuer": …, "at": …, "clientId": …, "jwk": {…}, "tls": {…}?}'
import * as https from "node:https";
import * as readline from "node:readline";
import * as client from "openid-client";
import { importJWK } from "jose";

const wanted = JSON.parse(process.argv[2]);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => console.log(JSON.stringify(message));
const asked = [];

// Over TLS with the client's certificate, at a name that only this story knows the address of.
function shown(url, options) {
  const { cert, ca, port } = wanted.tls;
  return new Promise((resolve, reject) => {
    const request = https.request(url, {
      method: options.method,
      headers: Object.fromEntries(new Headers(options.headers)),
      cert, key: cert, ca, port,
      lookup: (_, how, done) =>
        how.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
    }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve(new Response(Buffer.concat(parts), {
        status: answer.statusCode, headers: answer.headers,
      })));
    });
    request.on("error", reject);
    request.end(options.body == null ? undefined : String(options.body));
  });
}

// The provider's name is its issuer; where it listens is known to its proxy alone.
function through(url, options) {
  asked.push(String(url));
  return wanted.tls && String(url).startsWith(wanted.tls.url)
    ? shown(String(url), options)
    : fetch(String(url).replace(wanted.issuer, wanted.at), options);
}

async function main() {
  const key = { key: await importJWK(wanted.jwk, wanted.jwk.alg), kid: wanted.jwk.kid };
  const config = await client.discovery(
    new URL(wanted.issuer),
    wanted.clientId,
    {
      [client.clockSkew]: wanted.clock,
      use_mtls_endpoint_aliases: Boolean(wanted.tls),
      id_token_signed_response_alg: "ES256",
      authorization_signed_response_alg: "ES256",
    },
    wanted.tls ? client.TlsClientAuth() : client.PrivateKeyJwt(key),
    { execute: [client.allowInsecureRequests], [client.customFetch]: through },
  );
  client.useJwtResponseMode(config);
  client.enableNonRepudiationChecks(config);
  const proving = wanted.tls
    ? undefined
    : { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const signed = await client.buildAuthorizationUrlWithJAR(config, {
    redirect_uri: wanted.redirectUri,
    scope: "openid profile",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    response_mode: "jwt",
    state,
    nonce,
  }, key);
  const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, proving);
  say({ open: url.href });
  const { back } = JSON.parse((await lines.next()).value);
  const tokens = await client.authorizationCodeGrant(config, new URL(back), {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  }, undefined, proving);
  const claims = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub, proving);
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, proving);
  const infoAgain = await client.fetchUserInfo(config, fresh.access_token, claims.sub, proving);
  const told = await client.tokenIntrospection(config, fresh.access_token);
  const kept = fresh.refresh_token === undefined || fresh.refresh_token === tokens.refresh_token;
  say({ done: { claims, info, infoAgain, told, kept, type: tokens.token_type, asked } });
}

try {
  await main();
} catch (error) {
  say({ failed: { name: error.name, code: error.code, error: error.error, description: error.error_description, message: error.message, cause: error.cause instanceof Response ? `${error.cause.status} of ${asked.at(-1)}` : String(error.cause) } });
  process.exitCode = 1;
}
process.stdin.destroy(); // else the open pipe keeps us here
