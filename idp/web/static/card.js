// Reads the card through the Web eID browser extension, else through a loopback card agent.
// The PIN is typed in the card software; this page only passes on a challenge and a signed token.
"use strict";
(() => {
  const box = document.getElementById("card");
  const start = document.getElementById("card-start");
  const status = document.getElementById("card-status");
  const failure = document.getElementById("card-failure");
  const trouble = document.getElementById("trouble");
  const linkLine = document.getElementById("card-link");
  const link = document.getElementById("pin-link");
  const { nonce, agent, language } = box.dataset;

  const ACK_MS = 1000;
  const EXTENSION_MS = 126000;
  const AGENT_MS = 3000;
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
    ERR_SESAME_ORIGIN_NOT_ALLOWED: "not_allowed",
    ERR_SESAME_TOO_MANY_REQUESTS: "busy",
    ERR_SESAME_REQUEST_UNKNOWN: "timeout",
    ERR_SESAME_READER_UNAVAILABLE: "reader",
    ERR_SESAME_CARD_ABSENT: "no_card",
    ERR_SESAME_CARD_UNKNOWN: "unknown_card",
    ERR_SESAME_CERTIFICATE_ABSENT: "unknown_card",
    ERR_SESAME_PIN_BLOCKED: "blocked",
  };

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
        } else if (message.action === `${action}-success`) {
          stop();
          resolve(message);
        } else if (message.action === `${action}-failure`) {
          stop();
          reject(refusedAs(message.error));
        }
      };
      window.addEventListener("message", hear);
      window.postMessage({ action, libraryVersion: "2.0.0", ...members }, window.location.origin);
    });

  // An insecure page must not even ask: old extensions answer themselves for ever there.
  const hasExtension = () =>
    window.isSecureContext
      ? ask("web-eid:status", {}, ACK_MS + 5000).then(
          () => true,
          () => false,
        )
      : Promise.resolve(false);

  const throughExtension = async () => {
    say("extension");
    const options = { lang: language };
    const answer = await ask("web-eid:authenticate", { challengeNonce: nonce, options }, EXTENSION_MS);
    const token = {};
    for (const name of TOKEN_MEMBERS) if (name in answer) token[name] = answer[name];
    return token;
  };

  // --- the loopback agent -------------------------------------------------------------------------

  const call = async (path, init) => {
    const deadline = AbortSignal.timeout(AGENT_MS);
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

  const throughAgent = async () => {
    say("opening");
    let question;
    try {
      question = await call("/authenticate", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ challengeNonce: nonce, lang: language }),
      });
    } catch (error) {
      // A browser tells a page nothing more of an agent that is not there, or that refuses it.
      throw error instanceof CardFailure ? error : new CardFailure("absent");
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
      if (progress.state === "done") return progress.token;
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
    start.textContent = start.dataset.again;
    start.hidden = false;
    failure.focus();
  };

  const read = async () => {
    failure.hidden = true;
    // What was said of an earlier card must not stand beside what is said of this one.
    if (trouble) trouble.hidden = true;
    start.hidden = true;
    say("looking");
    try {
      if (!nonce) throw new CardFailure("stale");
      let token;
      if (await extension) token = await throughExtension();
      else if (agent) token = await throughAgent();
      else throw new CardFailure("absent");
      say("sending");
      linkLine.hidden = true;
      document.getElementById("card-token").value = JSON.stringify(token);
      document.getElementById("card-answer").requestSubmit();
    } catch (error) {
      fail(error instanceof CardFailure ? error.meaning : "failed");
    }
  };

  document.getElementById("without-script").hidden = true;
  box.hidden = false;
  const extension = hasExtension();
  start.addEventListener("click", read);
})();
