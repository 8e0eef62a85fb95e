// The peer of the bench: npm oidc-provider doing the same work as ours.
//
// Same algorithms (ES256), same client authentication, opaque access tokens, remembered consent, a
// plain sign-in form without a password. State lives in a Map (nothing survives) or in Redis. The
// adapters are as lean as the interface allows: one round trip a verb.
//
//   node peer.mjs '{"issuer": …, "port": …, "redis": null, "client": {…}, "jwk": {…}}'
import { Provider } from "oidc-provider";
import { Redis } from "ioredis";

const settings = JSON.parse(process.argv[2]);
const redis = settings.redis ? new Redis(settings.redis) : null;
const map = new Map();

const GRANTABLE = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);

class MapAdapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload) {
    const key = this.key(id);
    map.set(key, payload);
    if (this.name === "Session") map.set(`uid:${payload.uid}`, id);
    if (GRANTABLE.has(this.name)) {
      const members = map.get(`grant:${payload.grantId}`) ?? [];
      members.push(key);
      map.set(`grant:${payload.grantId}`, members);
    }
  }
  async find(id) {
    return map.get(this.key(id));
  }
  async findByUid(uid) {
    return this.find(map.get(`uid:${uid}`));
  }
  async consume(id) {
    map.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    map.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const key of map.get(`grant:${grantId}`) ?? []) map.delete(key);
    map.delete(`grant:${grantId}`);
  }
}

class RedisAdapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const multi = redis.multi().set(key, JSON.stringify(payload), "EX", expiresIn ?? 3600);
    if (this.name === "Session") multi.set(`uid:${payload.uid}`, id, "EX", expiresIn ?? 3600);
    if (GRANTABLE.has(this.name)) {
      multi.rpush(`grant:${payload.grantId}`, key).expire(`grant:${payload.grantId}`, 3600);
    }
    await multi.exec();
  }
  async find(id) {
    const text = await redis.get(this.key(id));
    return text ? JSON.parse(text) : undefined;
  }
  async findByUid(uid) {
    const id = await redis.get(`uid:${uid}`);
    return id ? this.find(id) : undefined;
  }
  async consume(id) {
    const key = this.key(id);
    const found = await this.find(id);
    found.consumed = Math.floor(Date.now() / 1000);
    await redis.set(key, JSON.stringify(found), "KEEPTTL");
  }
  async destroy(id) {
    await redis.del(this.key(id));
  }
  async revokeByGrantId(grantId) {
    const keys = await redis.lrange(`grant:${grantId}`, 0, -1);
    await redis.del(`grant:${grantId}`, ...keys);
  }
}

const consents = new Map();
const consentKey = (account, client) => `consent:${account}:${client}`;

async function remembered(ctx) {
  const account = ctx.oidc.session.accountId;
  const client = ctx.oidc.client.clientId;
  const key = consentKey(account, client);
  const known = redis ? await redis.get(key) : consents.get(key);
  if (known) {
    const grant = await ctx.oidc.provider.Grant.find(known);
    if (grant) return grant;
  }
  const grant = new ctx.oidc.provider.Grant({ accountId: account, clientId: client });
  grant.addOIDCScope("openid profile");
  const id = await grant.save();
  if (redis) await redis.set(key, id);
  else consents.set(key, id);
  return grant;
}

const provider = new Provider(settings.issuer, {
  adapter: redis ? RedisAdapter : MapAdapter,
  clients: [settings.client],
  jwks: { keys: [settings.jwk] },
  cookies: { keys: ["a key for the bench alone"] },
  claims: { openid: ["sub"], profile: ["name", "given_name", "family_name"] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: async (_ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: "Nora Specimen", given_name: "Nora", family_name: "Specimen" }),
  }),
  interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
  loadExistingGrant: remembered,
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 86400, IdToken: 300, Interaction: 1800, Session: 28800 },
});

const form = (uid) => `<!doctype html><html lang="en"><title>Sign in</title>
<form method="post" action="/sign-in/${uid}"><label>Name <input name="username"></label>
<button>Sign in</button></form></html>`;

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/sign-in/")) return next();
  if (ctx.method === "GET") {
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    ctx.type = "html";
    ctx.set("Cache-Control", "no-store");
    ctx.body = form(details.uid);
    return;
  }
  const username = (await body(ctx.req)).get("username");
  // Answers by itself; koa must keep its hands off.
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: username } });
});

const server = provider.listen(settings.port, "127.0.0.1", () => console.log("ready"));
// The drivers keep their connections while another system has its turn.
server.keepAliveTimeout = 600_000;
process.stdin.resume();
// The driver holds our standard input: when it goes, so do we.
process.stdin.on("end", () => {
  server.close();
  process.exit(0);
});
