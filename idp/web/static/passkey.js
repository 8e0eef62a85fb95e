// Asks the browser for a passkey of this site, without a name, and posts what it signed.
"use strict";
(() => {
  const box = document.getElementById("passkey");
  const start = document.getElementById("passkey-start");
  const status = document.getElementById("passkey-status");
  const failure = document.getElementById("passkey-failure");
  const trouble = document.getElementById("trouble");
  const MEANING = {
    NotAllowedError: "cancelled",
    AbortError: "cancelled",
    SecurityError: "insecure",
    NotSupportedError: "unsupported",
  };

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  // WebAuthn Level 3, 5.1.8 and 5.1.10, for browsers that lack the methods of those sections.
  const asked = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: (options.allowCredentials || []).map((one) => ({ ...one, id: bytes(one.id) })),
  });
  const answered = (credential) => ({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment || undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(credential.response.clientDataJSON),
      authenticatorData: text(credential.response.authenticatorData),
      signature: text(credential.response.signature),
      userHandle: credential.response.userHandle ? text(credential.response.userHandle) : undefined,
    },
  });

  const say = (name) => {
    status.textContent = name ? box.getAttribute(`data-text-${name}`) : "";
  };
  const fail = (meaning) => {
    say("");
    failure.textContent = box.getAttribute(`data-fail-${meaning}`);
    failure.hidden = false;
    start.textContent = start.dataset.again;
    start.hidden = false;
    failure.focus();
  };

  const use = async () => {
    failure.hidden = true;
    // What was said of an earlier try must not stand beside what is said of this one.
    if (trouble) trouble.hidden = true;
    if (!window.isSecureContext) return fail("insecure");
    if (!window.PublicKeyCredential) return fail("unsupported");
    if (!box.dataset.options) return fail("stale");
    start.hidden = true;
    say("waiting");
    try {
      const publicKey = asked(JSON.parse(box.dataset.options));
      const credential = await navigator.credentials.get({ publicKey });
      say("sending");
      document.getElementById("passkey-assertion").value = JSON.stringify(answered(credential));
      document.getElementById("passkey-answer").requestSubmit();
    } catch (error) {
      fail(MEANING[error.name] || "failed");
    }
    return undefined;
  };

  document.getElementById("without-script").hidden = true;
  box.hidden = false;
  start.addEventListener("click", use);
  // A page that comes back from the history may ask again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    say("");
    start.hidden = false;
  });
})();
