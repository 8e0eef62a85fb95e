// openid-client, a certified library, as an e-service: it says what to open, hears where it ended.
//
// Speaks lines of JSON: out {"open": url} and at the end {"done": {...}} or {"failed": {...}};
// in, one line with where the browser was sent back to: {"url", "posted"}.
//
//   node openid_client.mjs '{"issuer": …, "clientId": …, "auth": "private_key_jwt", …}'
import * as readline from "node:readline";
import * as client from "openid-client";
import * as oauth from "oauth4webapi";
import { importJWK } from "jose";

const wanted = JSON.parse(process.argv[2]);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => console.log(JSON.stringify(message));

async function authentication() {
  switch (wanted.auth) {
    case "private_key_jwt":
      return client.PrivateKeyJwt(
        { key: await importJWK(wanted.jwk, wanted.jwk.alg), kid: wanted.jwk.kid },
        // By itself the library calls EdDSA by its newer name.
        { [client.modifyAssertion]: (header) => { header.alg = wanted.jwk.alg; } },
      );
    case "client_secret_basic":
      return client.ClientSecretBasic(wanted.secret);
    case "client_secret_post":
      return client.ClientSecretPost(wanted.secret);
    case "none":
      return client.None();
  }
  throw new Error(`no such authentication: ${wanted.auth}`);
}

// The private key that requests are signed with, where they are (RFC 9101).
async function signingKey() {
  return { key: await importJWK(wanted.jwk, wanted.jwk.alg), kid: wanted.jwk.kid };
}

async function authorization(config, parameters, proving) {
  if (wanted.signed && wanted.pushed) {
    const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, await signingKey());
    return client.buildAuthorizationUrlWithPAR(config, signed.searchParams, proving);
  }
  if (wanted.signed) {
    return client.buildAuthorizationUrlWithJAR(config, parameters, await signingKey());
  }
  return wanted.pushed
    ? client.buildAuthorizationUrlWithPAR(config, parameters, proving)
    : client.buildAuthorizationUrl(config, parameters);
}

async function login(config, proving) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const parameters = {
    redirect_uri: wanted.redirectUri,
    scope: wanted.scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...wanted.parameters,
  };
  const url = await authorization(config, parameters, proving);
  say({ open: url.href });
  const { url: back, posted } = JSON.parse((await lines.next()).value);
  const answer = Object.keys(posted).length
    ? new Request(back, { method: "POST", body: new URLSearchParams(posted) })
    : new URL(back);
  return client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
    ...(wanted.parameters?.max_age && { maxAge: Number(wanted.parameters.max_age) }),
  }, undefined, proving);
}

// What a resource server makes of the access token, by itself (RFC 9068 section 4).
async function atResource(config, tokens, proving) {
  let request;
  config[client.customFetch] = async (url, options) => {
    if (url !== wanted.resource) return fetch(url, options);
    request = new Request(url, options);
    return new Response("here");
  };
  await client.fetchProtectedResource(
    config, tokens.access_token, new URL(wanted.resource), "GET", undefined, undefined, proving,
  );
  config[client.customFetch] = fetch;
  return oauth.validateJwtAccessToken(config.serverMetadata(), request, wanted.resource, {
    [oauth.allowInsecureRequests]: true,
    [oauth.clockSkew]: wanted.clock,
    requireDPoP: Boolean(wanted.dpop),
  });
}

async function main() {
  const config = await client.discovery(
    new URL(wanted.issuer),
    wanted.clientId,
    {
      id_token_signed_response_alg: wanted.algorithm,
      [client.clockSkew]: wanted.clock,
      ...wanted.metadata,
    },
    await authentication(),
    { execute: [client.allowInsecureRequests] },
  );
  if (wanted.jarm) client.useJwtResponseMode(config);
  if (wanted.hybrid) {
    client.useCodeIdTokenResponseType(config);
    client.enableDetachedSignatureResponseChecks(config);
  }
  if (wanted.decrypt) {
    const { alg, kid } = wanted.decrypt;
    const key = await importJWK({ ...wanted.decrypt, use: undefined }, alg);
    client.enableDecryptingResponses(config, ["A128GCM", "A256GCM"], { key, alg, kid });
  }
  const proving = wanted.dpop
    ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) }
    : undefined;
  const tokens = await login(config, proving);
  const claims = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub, proving);
  const done = { claims, info, metadata: config.serverMetadata(), type: tokens.token_type };
  if (wanted.resource) done.atResource = await atResource(config, tokens, proving);
  if (tokens.refresh_token) {
    const fresh = await client.refreshTokenGrant(
      config, tokens.refresh_token, undefined, proving,
    );
    done.refreshed = fresh.claims();
    done.rotated = fresh.refresh_token !== undefined && fresh.refresh_token !== tokens.refresh_token;
    done.infoAgain = await client.fetchUserInfo(config, fresh.access_token, claims.sub, proving);
    if (wanted.auth !== "none") {
      done.before = await client.tokenIntrospection(config, fresh.access_token);
      await client.tokenRevocation(config, fresh.access_token);
      done.after = await client.tokenIntrospection(config, fresh.access_token);
    }
  }
  done.logout = client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: wanted.postLogoutRedirectUri,
    id_token_hint: tokens.id_token,
    state: "left",
  }).href;
  say({ done });
}

try {
  await main();
} catch (error) {
  say({ failed: { name: error.name, code: error.code, error: error.error, message: error.message, cause: String(error.cause) } });
  process.exitCode = 1;
}
process.stdin.destroy(); // else the open pipe keeps us here
