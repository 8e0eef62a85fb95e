// Draws the moving code while no phone has claimed it, and renews a fixed one.
// What else is shown, the number too, is decided by the server; wait.js says when to look again.
"use strict";
(() => {
  const page = document.getElementById("phone");
  const status = document.getElementById("phone-status");
  const box = document.getElementById("qr");
  const { login, how } = page.dataset;
  const QUIET = 4; // modules around the symbol (ISO/IEC 18004, 5.3.8)
  const LEAST_MS = 200;
  const LOST_MS = 2000;

  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
  const lookAgain = () => {
    if (box) box.hidden = true;
    window.location.replace(window.location.pathname);
  };
  const ask = async (path) => {
    const answer = await fetch(`/login/${login}/${path}`, {
      cache: "no-store",
      credentials: "same-origin",
      headers: { Accept: "application/json" },
      redirect: "error",
    });
    if (answer.ok) return answer.json();
    // The login is over, or another tab went on with it: the page says which.
    const over = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    throw over ? new RangeError(String(answer.status)) : new Error(String(answer.status));
  };

  // --- the code -----------------------------------------------------------------------------------

  const draw = (text) => {
    const code = window.qrcode(0, "L");
    code.addData(text, "Alphanumeric");
    code.make();
    const modules = code.getModuleCount();
    const side = modules + 2 * QUIET;
    const canvas = document.getElementById("qr-canvas");
    canvas.width = side;
    canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, side, side);
    pen.fillStyle = "#000000";
    for (let row = 0; row < modules; row += 1) {
      for (let column = 0; column < modules; column += 1) {
        if (code.isDark(row, column)) pen.fillRect(column + QUIET, row + QUIET, 1, 1);
      }
    }
    box.hidden = false;
  };

  const show = async (frames, since) => {
    for (const frame of frames) {
      await sleep(since + frame.in_ms - performance.now());
      if (performance.now() > since + frame.in_ms + frame.for_ms) continue;
      draw(frame.text);
    }
  };

  const animate = async () => {
    for (;;) {
      const since = performance.now();
      try {
        const batch = await ask("frames");
        status.textContent = "";
        if (batch.state !== "showing") return lookAgain();
        // Drawn meanwhile: whether a phone has claimed it is asked more often than frames run out.
        show(batch.frames, performance.now());
        await sleep(Math.max(batch.next_ms, LEAST_MS));
      } catch (error) {
        box.hidden = true;
        const over = error instanceof RangeError;
        if (!over) status.textContent = page.dataset.textLost;
        await sleep(since + LOST_MS - performance.now());
        if (over) return lookAgain();
      }
    }
  };

  // --- the page -----------------------------------------------------------------------------------

  // What happens on the phone is told by wait.js, which loads the page again.
  document.addEventListener("sesame:changed", () => {
    if (box) box.hidden = true;
  });
  if (page.dataset.state === "approved") {
    lookAgain();
  } else if (page.dataset.state === "showing" && how === "animated") {
    const aside = document.getElementById("qr-aside");
    if (aside) aside.addEventListener("toggle", animate, { once: true });
    else animate();
  } else if (page.dataset.renew) {
    setTimeout(lookAgain, Number(page.dataset.renew) * 1000);
  }
  // Back in the history, an old code must not stand there.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) lookAgain();
  });
})();
