// openid-client, a certified library, as an e-service that asks behind the browser's back (CIBA).
//
// Speaks lines of JSON: out {"asked": {...}, "first": error}, then {"done": {...}} or {"failed": …};
// in, one line once the person has answered.
//
//   node openid_client_ciba.mjs '{"issuer": …, "at": …, "clientId": …, "jwk": {…}, "parameters": {…}}'
import * as readline from "node:readline";
import * as client from "openid-client";
import { SignJWT, importJWK } from "jose";

const wanted = JSON.parse(process.argv[2]);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => console.log(JSON.stringify(message));
const CIBA = "urn:openid:params:grant-type:ciba";

// The provider's name is its issuer; where it listens is known to its proxy alone.
const through = (url, options) => fetch(String(url).replace(wanted.issuer, wanted.at), options);

async function signed(key, parameters) {
  return {
    request: await new SignJWT(parameters)
      .setProtectedHeader({ alg: wanted.jwk.alg, kid: wanted.jwk.kid })
      .setIssuer(wanted.clientId)
      .setAudience(wanted.issuer)
      .setIssuedAt(wanted.now)
      .setNotBefore(wanted.now)
      .setExpirationTime(wanted.now + 300)
      .setJti(client.randomState())
      .sign(key),
  };
}

async function main() {
  const key = await importJWK(wanted.jwk, wanted.jwk.alg);
  const config = await client.discovery(
    new URL(wanted.issuer),
    wanted.clientId,
    { [client.clockSkew]: wanted.clock },
    client.PrivateKeyJwt({ key, kid: wanted.jwk.kid }),
    { execute: [client.allowInsecureRequests], [client.customFetch]: through },
  );
  const parameters = wanted.signed ? await signed(key, wanted.parameters) : wanted.parameters;
  const asked = await client.initiateBackchannelAuthentication(config, parameters);
  const first = await client
    .genericGrantRequest(config, CIBA, { auth_req_id: asked.auth_req_id })
    .then(() => "tokens", (error) => error.error);
  say({ asked, first });
  await lines.next();
  const tokens = await client.pollBackchannelAuthenticationGrant(config, { ...asked, interval: 0 });
  const claims = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  say({ done: { claims, info, details: tokens.authorization_details ?? null } });
}

try {
  await main();
} catch (error) {
  say({ failed: { name: error.name, code: error.code, error: error.error, message: error.message, cause: String(error.cause) } });
  process.exitCode = 1;
}
process.stdin.destroy(); // else the open pipe keeps us here
