// Between the extension and the native host: a fresh process for each command, hello first.
"use strict";
const HOST = "eu.webeid";

const argumentsOf = (action, asked, origin) => {
  const lang = asked.options?.lang ? { lang: asked.options.lang } : {};
  switch (action) {
    case "web-eid:authenticate":
      return { challengeNonce: asked.challengeNonce, origin, ...lang };
    case "web-eid:get-signing-certificate":
      return { origin, ...lang };
    case "web-eid:sign": {
      const { hash, hashFunction, certificate } = asked;
      return { hash, hashFunction, certificate, origin, ...lang };
    }
  }
  return {};
};

const converse = (command, members) =>
  new Promise((resolve) => {
    const port = chrome.runtime.connectNative(HOST);
    let greeting = null;
    port.onMessage.addListener((message) => {
      if (greeting === null) {
        greeting = message;
        port.postMessage({ command, arguments: members });
        return;
      }
      port.disconnect();
      resolve(message.error ? message : { ...message, nativeApp: greeting.version });
    });
    port.onDisconnect.addListener(() => {
      const message = chrome.runtime.lastError?.message ?? "";
      resolve({ error: { code: "ERR_WEBEID_NATIVE_UNAVAILABLE", message } });
    });
  });

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  // What the browser says of the sender, never what the page says of itself.
  const origin = new URL(sender.url).origin;
  const name = message.action.replace("web-eid:", "");
  const command = name === "status" ? "quit" : name;
  converse(command, argumentsOf(message.action, message.asked, origin)).then((said) =>
    answer(name === "status" && !said.error ? { extension: "2.5.0", ...said } : said),
  );
  return true;
});
