// Calls of the provider, each signed by this phone's own key (RFC 7515; the header `Sesame-Device`).
// The nonce is the server's: this phone's clock is asked nothing.
import { encoded } from "./bytes.js";
import { current } from "./words.js";

const PATIENCE_MS = 15000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const utf8 = new TextEncoder();
let nonce = "";

// A refusal of the server, in the person's language; `code` decides what the app offers next.
export class Refusal extends Error {
  constructor(status, body) {
    super(body.error);
    this.status = status;
    this.code = body.error || "unknown";
    this.title = body.title;
    this.advice = body.advice;
    this.approval = body.approval;
    this.readFor = body.read_for;
  }
}

// Nothing came back: no network, or no server.
export class Offline extends Error {}

export const newKey = () => crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);

const publicPart = async (pair) => {
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { crv, kty, x, y };
};

const part = (value) => encoded(utf8.encode(JSON.stringify(value)));

const proof = async (who, method, path, body) => {
  const named = who.id ? { kid: who.id } : { jwk: await publicPart(who.key) };
  const header = part({ alg: "ES256", typ: "sesame-device+jwt", ...named });
  const claims = part({
    htm: method,
    htu: path,
    nonce,
    jti: encoded(crypto.getRandomValues(new Uint8Array(16))),
    bh: encoded(await crypto.subtle.digest("SHA-256", body)),
  });
  const signed = utf8.encode(`${header}.${claims}`);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, who.key.privateKey, signed);
  return `${header}.${claims}.${encoded(signature)}`;
};

// One call carries the browser's cookie: so it is noticed when a login page of this very phone shows
// the code. It allows nothing.
const CLAIM = "/phone/api/approvals/claim";

const send = async (method, path, headers, body) => {
  try {
    return await fetch(path, {
      method,
      headers: { Accept: "application/json", "Accept-Language": current(), ...headers },
      body: method === "GET" ? undefined : body,
      cache: "no-store",
      credentials: path === CLAIM ? "same-origin" : "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Offline();
  }
};

const read = async (answer) => {
  nonce = answer.headers.get("Sesame-Nonce") || nonce;
  const body = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body);
  return body;
};

// Calls as `who` ({id, key} of an enrolled phone, {key} during an enrolment).
export const call = async (who, method, path, members) => {
  const body = utf8.encode(method === "GET" ? "" : JSON.stringify(members || {}));
  for (let again = true; ; again = false) {
    const headers = { "Sesame-Device": await proof(who, method, path, body) };
    if (method !== "GET") headers["Content-Type"] = "application/json";
    try {
      return await read(await send(method, path, headers, body));
    } catch (error) {
      if (!again || error.code !== "use_nonce") throw error;
    }
  }
};

export const configuration = async () => read(await send("GET", "/phone/api/config", {}, undefined));
