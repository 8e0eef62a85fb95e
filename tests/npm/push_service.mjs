// A push service and a browser behind it, for tests: RFC 8030, RFC 8291, RFC 8292, Push API.
//
// Nothing here is shared with what it checks: JWTs are verified by jose, messages are decrypted by
// Node's own primitives, written down from the standards, and tried first on their example.
//
//   node push_service.mjs '{"applicationServerKey": …, "origin": …, "now": seconds}'
//
// Says {"port": …, "path": …, "keys": {…}, "control": text}, then {"push": …} or {"refused": …}.
import { createServer } from "node:http";
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { importJWK, jwtVerify } from "jose";

const wanted = JSON.parse(process.argv[2]);
const say = (message) => console.log(JSON.stringify(message));
const bytes = (text) => Buffer.from(text, "base64url");
const LONGEST = 4096;
const LONGEST_TOKEN_LIFE = 24 * 3600;
const URGENCIES = ["very-low", "low", "normal", "high"];

// RFC 8291, 3.4, and RFC 8188, 2: one record, the last.
function decrypt(body, { privateKey, publicKey, auth }) {
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const idLength = body.readUInt8(20);
  const sender = body.subarray(21, 21 + idLength);
  const sealed = body.subarray(21 + idLength);
  if (idLength !== 65 || sealed.length > recordSize) throw new Error("not one record by one key");
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(privateKey);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), publicKey, sender]);
  const secret = Buffer.from(hkdfSync("sha256", ecdh.computeSecret(sender), auth, info, 32));
  const derive = (name, size) =>
    Buffer.from(hkdfSync("sha256", secret, salt, Buffer.from(`Content-Encoding: ${name}\0`), size));
  const opened = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
  opened.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([opened.update(sealed.subarray(0, -16)), opened.final()]);
  let end = padded.length - 1;
  while (padded[end] === 0) end -= 1;
  if (padded[end] !== 2) throw new Error("not the last record");
  return padded.subarray(0, end).toString("utf8");
}

// RFC 8291, appendix A.
const control = decrypt(
  bytes(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6" +
      "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qul" +
      "cy4a-fN",
  ),
  {
    privateKey: bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"),
    publicKey: bytes(
      "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    ),
    auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
  },
);

// What the browser made when it subscribed.
const browser = createECDH("prime256v1");
const publicKey = browser.generateKeys();
const auth = randomBytes(16);
const path = `/wpush/${randomBytes(16).toString("base64url")}`;
let subscribed = true;

// RFC 8292, 2 and 4.2: by the key that the subscription was made for, for this service, not for long.
async function vapid(header) {
  const found = /^vapid t=([A-Za-z0-9_.-]+), k=([A-Za-z0-9_-]+)$/.exec(header ?? "");
  if (!found) return [401, "no vapid"];
  const [, token, key] = found;
  if (key !== wanted.applicationServerKey) return [403, "another key than subscribed to"];
  const point = bytes(key);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  try {
    const { payload } = await jwtVerify(token, await importJWK(jwk, "ES256"), {
      algorithms: ["ES256"],
      audience: wanted.origin,
      currentDate: new Date(wanted.now * 1000),
      requiredClaims: ["exp", "sub"],
      typ: "JWT",
    });
    if (payload.exp > wanted.now + LONGEST_TOKEN_LIFE) return [403, "a token for too long"];
    if (!/^(mailto:|https:)/.test(payload.sub)) return [403, "nobody to write to"];
    return [0, payload];
  } catch (error) {
    return [403, error.code ?? error.message];
  }
}

async function answer(request, body) {
  if (request.method !== "POST" || request.url !== path) return [404, "no such subscription"];
  if (!subscribed) return [410, "unsubscribed"];
  const { ttl, urgency = "normal", "content-encoding": coding } = request.headers;
  if (!/^\d+$/.test(ttl ?? "")) return [400, "no TTL"];
  if (!URGENCIES.includes(urgency)) return [400, "no such urgency"];
  if (coding !== "aes128gcm") return [415, "another coding"];
  if (body.length > LONGEST) return [413, "too long"];
  const [status, said] = await vapid(request.headers.authorization);
  if (status) return [status, said];
  const key = { privateKey: browser.getPrivateKey(), publicKey, auth };
  say({ push: { text: decrypt(body, key), ttl: Number(ttl), urgency, vapid: said } });
  return [201, ""];
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const [status, why] = await answer(request, Buffer.concat(parts));
  if (status !== 201) say({ refused: status, why });
  response.writeHead(status, status === 201 ? { Location: `${path}/message` } : {});
  response.end();
});

process.stdin.on("data", () => {
  subscribed = false;
  say({ unsubscribed: true });
});
process.stdin.on("end", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const keys = { p256dh: publicKey.toString("base64url"), auth: auth.toString("base64url") };
  say({ port: server.address().port, path, keys, control });
});
