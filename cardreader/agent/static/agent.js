// Live refresh only: the pages work without this file.
"use strict";
(() => {
  const seen = document.body.dataset.state;
  if (!seen) return;
  const ask = async () => {
    const pin = document.getElementById("pin");
    if (!document.hidden && (pin === null || pin.value === "")) {
      try {
        const answer = await fetch("/state", { cache: "no-store" });
        const { state } = await answer.json();
        if (state !== seen && (pin === null || pin.value === "")) {
          window.location.reload();
          return;
        }
      } catch {
        // The agent was stopped: nothing to refresh from.
      }
    }
    window.setTimeout(ask, 1500);
  };
  window.setTimeout(ask, 1500);
})();
