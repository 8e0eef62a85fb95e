// Comfort only: every page works without this file.
"use strict";
(() => {
  const GUARD_MS = 500;

  // What was loaded a moment ago cannot be agreed to yet: no click meant for another page counts.
  for (const button of document.querySelectorAll("button[data-guard]")) {
    const shown = performance.now();
    button.addEventListener("click", (event) => {
      if (performance.now() - shown < GUARD_MS) event.preventDefault();
    });
  }

  // One press is one post; a page that comes back from the history may be sent again.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  });

  // Everything in the page has loaded, the frames of e-services too: nothing more to wait for.
  const onward = document.querySelector("a[data-onward]");
  if (onward) window.addEventListener("load", () => window.location.replace(onward.href));

  const leaving = document.querySelector("form[data-submit]");
  if (leaving) leaving.requestSubmit();
})();
