// A page that waits for something elsewhere, say on a phone: it is told, and then asks.
//
// In a template:   {% block scripts %}{{ parts.waiting(wait) }}{% endblock %}
// In a script:     document.addEventListener("sesame:changed", (event) => { … });
//
// The element with data-wait names the event stream (empty where there is none), data-status where
// to ask how the login stands, data-known what that said when the page was made, and data-poll the
// milliseconds between two questions while no stream is alive. The stream says "changed" and never
// what; the answer is compared as a text with the last one known. Where it differs, the event
// "sesame:changed" goes to the document with the answer, parsed, as its detail; unless a listener
// calls preventDefault(), the page is loaded again. So a page with nothing to do on the way needs no
// listener. Without script the page loads itself again by <meta http-equiv="refresh">.
"use strict";
(() => {
  const place = document.querySelector("[data-wait]");
  if (!place) return;
  const events = place.dataset.wait;
  const pollMs = Math.max(Number(place.dataset.poll) || 0, 500);
  let known = place.dataset.known;

  // The role sends something at least every 15 s; a stream that is held up by a proxy says nothing.
  const SILENCE_MS = 25000;
  const AGAIN_MS = 30000;
  const QUICK_MS = 5000;
  const SLOWEST_MS = 15000;

  let stream = null;
  let heardAt = -Infinity;
  let openedAt = -Infinity;
  let over = false;
  let leaving = false;
  let failures = 0;
  let timer = 0;
  let asking = null;
  let askAgain = false;

  const alive = () => performance.now() - heardAt < SILENCE_MS;

  // --- asking -----------------------------------------------------------------------------------

  const reload = () => {
    leaving = true;
    window.location.reload();
  };

  const differs = (text) => {
    known = text;
    const changed = new CustomEvent("sesame:changed", {
      cancelable: true,
      detail: JSON.parse(text),
    });
    if (document.dispatchEvent(changed)) reload();
  };

  const question = async () => {
    try {
      const answer = await fetch(place.dataset.status, {
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        signal: AbortSignal.timeout(QUICK_MS),
      });
      const text = await answer.text();
      // The page may have gone on meanwhile.
      if (leaving) return;
      if (answer.ok) {
        failures = 0;
        if (text !== known) differs(text);
      } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        // Over, expired, or not this browser's any more: the page itself says it best.
        reload();
      } else {
        failures += 1;
      }
    } catch {
      failures += 1;
    }
  };

  // One question at a time; what is told meanwhile is asked for after it.
  const ask = async () => {
    if (leaving) return;
    if (asking) {
      askAgain = true;
      return;
    }
    do {
      askAgain = false;
      asking = question();
      await asking;
      asking = null;
    } while (askAgain && !leaving);
  };

  // --- being told -------------------------------------------------------------------------------

  const close = () => {
    if (stream) stream.close();
    stream = null;
    heardAt = -Infinity;
  };

  const open = () => {
    openedAt = performance.now();
    stream = new EventSource(events, { withCredentials: true });
    const heard = () => {
      heardAt = performance.now();
    };
    stream.addEventListener("ping", heard);
    // What happened while nobody listened is asked for, after the listening has begun.
    for (const name of ["ready", "changed"]) {
      stream.addEventListener(name, () => {
        heard();
        ask();
      });
    }
    stream.addEventListener("end", () => {
      over = true;
      close();
      ask();
    });
    stream.addEventListener("error", () => {
      heardAt = -Infinity;
    });
  };

  const tend = () => {
    if (!events || over) return;
    const closed = !stream || stream.readyState === EventSource.CLOSED;
    if ((closed || !alive()) && performance.now() - openedAt > AGAIN_MS) {
      close();
      open();
    }
  };

  // --- the rhythm -------------------------------------------------------------------------------

  const pause = () => {
    const slower = Math.min(pollMs * 2 ** Math.min(failures, 5), Math.max(SLOWEST_MS, pollMs));
    return slower * (0.8 + 0.4 * Math.random());
  };

  const tick = async () => {
    tend();
    if (!alive()) await ask();
    if (!leaving) timer = setTimeout(tick, pause());
  };

  const begin = () => {
    clearTimeout(timer);
    if (leaving) return;
    tend();
    timer = setTimeout(tick, pause());
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
  });
  // A form that is on its way decides what comes next: nothing here may overtake it.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    leaving = true;
    clearTimeout(timer);
  });
  window.addEventListener("pagehide", () => {
    clearTimeout(timer);
    close();
    openedAt = -Infinity;
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    leaving = false;
    begin();
    ask();
  });
  begin();
})();
