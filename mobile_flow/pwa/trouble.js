// Every refusal, with the one thing to do next.
import { Offline, call } from "./api.js";
import { alert, button, screen, ways } from "./dom.js";
import { forget, kept } from "./store.js";
import { t } from "./words.js";

const SCAN = new Set(["frame_stale", "frame_forged", "frame_unreadable", "start_gone", "in_use"]);
const REMOVED = new Set(["device_removed", "phone_unknown", "phone_removed"]);

export const go = (hash) => {
  if (window.location.hash === hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else window.location.hash = hash;
};

// Tells whether it is this very phone that was removed, and not another one of the list.
const isGone = async () => {
  const who = await kept("device");
  if (!who) return false;
  try {
    await call(who, "GET", "/phone/api/devices");
    return false;
  } catch (error) {
    return REMOVED.has(error.code);
  }
};

// Shows what was refused. `again` repeats what was tried, where that may help.
export const problem = async (error, again = null) => {
  if (error instanceof Offline) {
    const retry = again || (() => go("#/"));
    screen(t("offline.title"), [alert(t("offline.advice")), ways(button(t("again"), retry, { id: "again" }), home())]);
    return;
  }
  if (!error.code) console.error(error);
  if (REMOVED.has(error.code) && (await isGone())) {
    await forget("device");
    window.dispatchEvent(new Event("enrolled"));
    screen(t("phones.removed.title"), [alert(t("phones.removed.text")), ways(button(t("home"), () => go("#/"), { id: "home" }))]);
    return;
  }
  const next = SCAN.has(error.code)
    ? button(t("end.scan"), () => go("#/scan"), { id: "scan-again" })
    : error.code === "device_busy" && error.approval
      ? button(t("start.waiting"), () => go(`#/asked/${error.approval}`), { id: "busy" })
      : error.status >= 500 && again
        ? button(t("again"), again, { id: "again" })
        : null;
  const said = alert(error.advice || t("problem.advice"));
  said.dataset.code = error.code || "unknown";
  screen(error.title || t("problem.title"), [said, ways(next, home(next !== null))]);
};

const home = (quiet = true) => button(t("home"), () => go("#/"), { class: quiet ? "quiet" : "", id: "home" });
