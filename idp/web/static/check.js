// A frame in an e-service's page: says whether the browser's session is still the one it knows.
"use strict";
(() => {
  const NAME = `${document.documentElement.dataset.cookie}=`;
  const word = () => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(NAME));
    return found === undefined ? null : found.slice(NAME.length);
  };
  const digest = async (text) => {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const answer = async (data, origin) => {
    if (typeof data !== "string" || data.length > 500) return "error";
    const [client, state, more] = data.split(" ");
    const salt = (state ?? "").split(".")[1];
    const now = word();
    // Without the cookie nothing is known: browsers keep it out of frames of other sites.
    if (!client || !salt || more !== undefined || now === null) return "error";
    const here = `${await digest(`${client} ${origin} ${now} ${salt}`)}.${salt}`;
    return here === state ? "unchanged" : "changed";
  };
  window.addEventListener("message", async (event) => {
    if (event.source === null || event.origin === "null") return;
    event.source.postMessage(await answer(event.data, event.origin), event.origin);
  });
})();
