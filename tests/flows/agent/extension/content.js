// Between the page and the extension: one acknowledgement at once, one answer later.
"use strict";
const ACTION = /^web-eid:(status|authenticate|get-signing-certificate|sign)$/;

window.addEventListener("message", async (event) => {
  if (event.source !== window || !ACTION.test(event.data?.action)) return;
  const { action, ...asked } = event.data;
  const reply = (suffix, rest) => window.postMessage({ action: action + suffix, ...rest }, event.origin);
  if (!window.isSecureContext) {
    reply("-failure", { error: { code: "ERR_WEBEID_CONTEXT_INSECURE" } });
    return;
  }
  reply("-ack", {});
  const answer = await chrome.runtime.sendMessage({ action, asked });
  if (answer.error) reply("-failure", { error: answer.error });
  else reply("-success", answer);
});
