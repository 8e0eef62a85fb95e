// Reads the card through the Web eID browser extension, else through a loopback card agent.
// The PIN is typed in the card software; this page only passes on a challenge and a signed token.
// Browsers ask the citizen before a page may reach a program on the same computer (Local Network
// Access): so nothing is sent there before a click, and what the browser will ask is said before.
"use strict";
(() => {
  const box = document.getElementById("card");
  const start = document.getElementById("card-start");
  const status = document.getElementById("card-status");
  const failure = document.getElementById("card-failure");
  const trouble = document.getElementById("trouble");
  const linkLine = document.getElementById("card-link");
  const link = document.getElementById("pin-link");
  const question = document.getElementById("browser-question");
  const help = document.getElementById("card-help");
  const { nonce, agent, language } = box.dataset;
  // The sets of signed files that this login reads, and why: our own agent alone can send them.
  const files = (box.dataset.files || "").split(" ").filter(Boolean);
  const reasons = JSON.parse(box.dataset.reasons || "[]");
  const needed = box.dataset.needed === "1";

  const ACK_MS = 1000;
  const AGAIN_MS = 250;
  const EXTENSION_MS = 126000;
  const AGENT_MS = 3000;
  // A citizen reads the browser's question before answering it; meanwhile the first call waits.
  const QUESTION_MS = 120000;
  const OLDEST_AGENT = [2, 0, 0];
  const LOST_POLLS = 3;
  const TOKEN_MEMBERS = ["unverifiedCertificate", "algorithm", "signature", "format", "appVersion"];

  // Codes of the Web eID extension and of the agent, to what the citizen can do about each.
  const MEANING = {
    ERR_WEBEID_EXTENSION_UNAVAILABLE: "absent",
    ERR_WEBEID_NATIVE_UNAVAILABLE: "absent",
    ERR_WEBEID_CONTEXT_INSECURE: "insecure",
    ERR_WEBEID_VERSION_MISMATCH: "update",
    ERR_WEBEID_VERSION_INVALID: "update",
    ERR_WEBEID_USER_CANCELLED: "cancelled",
    ERR_WEBEID_USER_TIMEOUT: "timeout",
    ERR_WEBEID_ACTION_TIMEOUT: "timeout",
    ERR_WEBEID_ACTION_PENDING: "busy",
    ERR_WEBEID_NATIVE_INVALID_ARGUMENT: "old",
    ERR_SESAME_ORIGIN_NOT_ALLOWED: "not_allowed",
    ERR_SESAME_TOO_MANY_REQUESTS: "busy",
    ERR_SESAME_REQUEST_UNKNOWN: "timeout",
    ERR_SESAME_READER_UNAVAILABLE: "reader",
    ERR_SESAME_CARD_ABSENT: "no_card",
    ERR_SESAME_CARD_UNKNOWN: "unknown_card",
    ERR_SESAME_CERTIFICATE_ABSENT: "unknown_card",
    ERR_SESAME_PIN_BLOCKED: "blocked",
  };
  // Where the card software itself is the trouble, the ways around it are shown open.
  const NOT_THERE = new Set(["absent", "denied", "unanswered", "old"]);
  const NEEDS_HELP = new Set(["absent", "files", "denied", "unanswered", "unreachable", "old", "update"]);

  class CardFailure extends Error {
    constructor(meaning) {
      super(meaning);
      this.meaning = meaning;
    }
  }
  const refusedAs = (error) => new CardFailure(MEANING[error && error.code] || "failed");

  const datum = (kind, name) => box.getAttribute(`data-${kind}-${name}`) || "";
  const say = (name) => {
    status.textContent = name ? datum("text", name) : "";
  };
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  // --- the Web eID extension: window.postMessage within this very window ------------------------

  const ask = (action, members, answerMs) =>
    new Promise((resolve, reject) => {
      let acknowledged = false;
      const stop = () => {
        window.removeEventListener("message", hear);
        clearTimeout(noExtension);
        clearTimeout(noAnswer);
        clearInterval(again);
      };
      const noExtension = setTimeout(() => {
        if (acknowledged) return;
        stop();
        reject(new CardFailure("absent"));
      }, ACK_MS);
      const noAnswer = setTimeout(() => {
        stop();
        reject(new CardFailure("timeout"));
      }, answerMs);
      const hear = (event) => {
        if (event.source !== window || event.origin !== window.location.origin) return;
        const message = event.data;
        if (message === null || typeof message !== "object") return;
        if (message.action === `${action}-ack`) {
          acknowledged = true;
          clearInterval(again);
        } else if (message.action === `${action}-success`) {
          stop();
          resolve(message);
        } else if (message.action === `${action}-failure`) {
          stop();
          reject(refusedAs(message.error));
        }
      };
      window.addEventListener("message", hear);
      const post = () =>
        window.postMessage({ action, libraryVersion: "2.0.0", ...members }, window.location.origin);
      post();
      // Browsers may start an extension's part of a page only some moments after the page is there.
      // Only what asks nothing of the citizen is said twice.
      const again = action === "web-eid:status" ? setInterval(post, AGAIN_MS) : 0;
    });

  const loaded = () =>
    document.readyState === "complete"
      ? Promise.resolve()
      : new Promise((resolve) => window.addEventListener("load", resolve, { once: true }));

  let withoutExtension = "absent";
  // An insecure page must not even ask: old extensions answer themselves for ever there.
  const hasExtension = async () => {
    if (!window.isSecureContext) return false;
    await loaded();
    try {
      await ask("web-eid:status", {}, ACK_MS + 5000);
      return true;
    } catch (error) {
      if (error.meaning === "update") withoutExtension = "update";
      return false;
    }
  };

  const throughExtension = async () => {
    say("extension");
    const options = { lang: language };
    const answer = await ask("web-eid:authenticate", { challengeNonce: nonce, options }, EXTENSION_MS);
    const token = {};
    for (const name of TOKEN_MEMBERS) if (name in answer) token[name] = answer[name];
    return token;
  };

  // --- the browser's question before a page reaches this computer ---------------------------------

  // The name of that permission: since Chromium 145, and in 142 to 144.
  const PERMISSIONS = ["loopback-network", "local-network-access"];
  // A page that was itself served by this computer is asked nothing.
  const AT_HOME = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);

  // "granted", "denied", "prompt"; "none" where this browser asks nothing, or does not tell.
  const permission = async () => {
    if (AT_HOME || !navigator.permissions) return "none";
    for (const name of PERMISSIONS) {
      try {
        return (await navigator.permissions.query({ name })).state;
      } catch {
        // An older or another browser: it does not know this name.
      }
    }
    return "none";
  };

  const EXPLAINS = new Set(["prompt", "denied"]);
  const explain = async () => {
    const asksAgent = agent && (files.length || !(await extension));
    const state = asksAgent ? await permission() : "none";
    question.dataset.state = state;
    question.hidden = !EXPLAINS.has(state);
    const alsoInHelp = document.getElementById("help-question");
    if (alsoInHelp) alsoInHelp.hidden = state === "denied";
    for (const part of question.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== state;
    }
  };

  // Why nothing came back: a browser tells a page nothing of an agent that it could not reach.
  const unreached = async () => {
    const state = await permission();
    if (state === "denied") return new CardFailure("denied");
    return new CardFailure(state === "prompt" ? "unanswered" : "absent");
  };

  // --- the loopback agent -------------------------------------------------------------------------

  const call = async (path, init, milliseconds = AGENT_MS) => {
    const deadline = AbortSignal.timeout(milliseconds);
    const answer = await fetch(new URL(path, agent), {
      ...init,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: deadline,
    });
    const body = await answer.json();
    if (!answer.ok) throw refusedAs(body.error);
    return body;
  };

  const openPin = (address) => {
    const page = new URL(address);
    if (page.origin !== new URL(agent).origin) throw new CardFailure("failed");
    link.href = page.href;
    linkLine.hidden = false;
    // Within the few seconds after a click that browsers allow; the link stands there in any case.
    const tab = window.open(page.href, "_blank");
    if (tab) tab.opener = null;
  };

  const isOld = (version) => {
    const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(String(version));
    if (!parts) return true;
    const differs = OLDEST_AGENT.findIndex((least, place) => Number(parts[place + 1]) !== least);
    return differs >= 0 && Number(parts[differs + 1]) < OLDEST_AGENT[differs];
  };

  // The first call of all: the browser may put its question now.
  const greet = async () => {
    const asks = (await permission()) === "prompt";
    say(asks ? "asking" : "opening");
    let greeting;
    try {
      greeting = await call("/status", {}, asks ? QUESTION_MS : AGENT_MS);
    } catch (error) {
      // Something answers there, and knows nothing of its own status.
      if (error instanceof SyntaxError || error.meaning === "failed") throw new CardFailure("old");
      throw error instanceof CardFailure ? error : await unreached();
    }
    if (isOld(greeting.version)) throw new CardFailure("old");
    say("opening");
  };

  const ANSWER = "sesame-card:1";
  const wish = files.length ? { files, reasons } : {};
  const answerOf = ({ token, files: read }) => (read ? { format: ANSWER, token, files: read } : token);

  const throughAgent = async () => {
    await greet();
    let question;
    try {
      question = await call("/authenticate", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ challengeNonce: nonce, lang: language, ...wish }),
      });
    } catch (error) {
      throw error instanceof CardFailure ? error : await unreached();
    }
    openPin(question.pinUrl);
    say("waiting");
    let wait = question.pollAfterMs;
    let lost = 0;
    for (;;) {
      await sleep(Math.min(Math.max(Number(wait) || 500, 200), 5000));
      let progress;
      try {
        progress = await call(`/authenticate/${encodeURIComponent(question.requestId)}`, {});
        lost = 0;
      } catch (error) {
        if (error instanceof CardFailure) throw error;
        lost += 1;
        if (lost >= LOST_POLLS) throw new CardFailure("unreachable");
        continue;
      }
      if (progress.state === "done") return answerOf(progress);
      if (progress.state === "failed") throw refusedAs(progress.error);
      wait = progress.pollAfterMs;
    }
  };

  // --- the page -----------------------------------------------------------------------------------

  const fail = (meaning) => {
    say("");
    linkLine.hidden = true;
    failure.textContent = datum("fail", meaning) || datum("fail", "failed");
    failure.hidden = false;
    help.open = NEEDS_HELP.has(meaning);
    explain();
    start.textContent = start.dataset.again;
    start.hidden = false;
    failure.focus();
  };

  // The agent goes first where files are read; what it need not send, the extension does as well.
  const askCard = async () => {
    const withExtension = await extension;
    if (files.length && agent) {
      try {
        return await throughAgent();
      } catch (error) {
        if (!NOT_THERE.has(error.meaning)) throw error;
        if (needed && error.meaning === "absent") throw new CardFailure("files");
        if (needed || !withExtension) throw error;
      }
    } else if (needed) {
      throw new CardFailure("files");
    }
    if (withExtension) return throughExtension();
    if (agent) return throughAgent();
    throw new CardFailure(withoutExtension);
  };

  const read = async () => {
    failure.hidden = true;
    // What was said of an earlier card must not stand beside what is said of this one.
    if (trouble) trouble.hidden = true;
    start.hidden = true;
    question.hidden = true;
    say("looking");
    try {
      if (!nonce) throw new CardFailure("stale");
      const answer = await askCard();
      say("sending");
      linkLine.hidden = true;
      document.getElementById("card-token").value = JSON.stringify(answer);
      document.getElementById("card-answer").requestSubmit();
    } catch (error) {
      fail(error instanceof CardFailure ? error.meaning : "failed");
    }
  };

  document.getElementById("without-script").hidden = true;
  box.hidden = false;
  const extension = hasExtension();
  explain();
  start.addEventListener("click", read);
})();
