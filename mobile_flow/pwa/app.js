// The app: which screen an address stands for, and what surrounds every screen.
import { call } from "./api.js";
import { claimed, opened } from "./approve.js";
import { alert, button, h, loading, screen, ways } from "./dom.js";
import { already, begin, resumed } from "./enrol.js";
import * as lists from "./lists.js";
import { scan, type } from "./scan.js";
import { kept } from "./store.js";
import { go, problem } from "./trouble.js";
import { start as startWords, t, when } from "./words.js";

const nav = document.getElementById("nav");
const offline = document.getElementById("offline");
const PLACES = [["#/", "home"], ["#/history", "history"], ["#/phones", "phones"], ["#/settings", "settings"]];

const home = async (who) => {
  const waiting = h("div", { id: "waiting" }, loading());
  screen(t("start.title"), [
    h(
      "div",
      { class: "two" },
      button([h("span", { class: "big" }, t("start.scan")), h("span", { class: "small" }, t("start.scan.hint"))], () => go("#/scan"), { id: "scan", class: "card" }),
      button([h("span", { class: "big" }, t("start.code")), h("span", { class: "small" }, t("start.code.hint"))], () => go("#/code"), { id: "type", class: "card quiet" }),
    ),
    h("h2", {}, t("start.waiting")),
    waiting,
  ]);
  try {
    const { pending } = await call(who, "GET", "/phone/api/approvals");
    waiting.replaceChildren(
      pending.length
        ? h("ul", { class: "list", id: "pending" }, pending.map(pendingEntry))
        : h("p", { class: "hint", id: "nothing" }, t("start.nothing")),
      button(t("start.refresh"), () => go("#/"), { class: "plain", id: "refresh" }),
    );
  } catch (error) {
    if (error.status) await problem(error, () => go("#/"));
    else waiting.replaceChildren(alert(t("offline.advice")), button(t("again"), () => go("#/"), { class: "quiet", id: "again" }));
  }
};

const pendingEntry = (one) =>
  h(
    "li",
    {},
    h(
      "a",
      { class: "what", href: `#/asked/${one.id}` },
      `${t(`to.${one.shown.verb}`)} `,
      h("bdi", {}, one.shown.client_name),
    ),
    one.opened_at ? h("p", { class: "hint" }, when(one.opened_at)) : null,
  );

// Where the address points; without a device there is only one thing to do.
const route = async () => {
  const who = await kept("device");
  surround(who);
  const enrolment = /^#E=([0-9A-Z-]+)$/iu.exec(window.location.hash);
  if (enrolment) {
    window.history.replaceState(null, "", "/phone/");
    return who ? already() : begin(enrolment[1]);
  }
  const [, place, rest] = window.location.hash.split("/");
  if (place === "settings") return lists.settings(who);
  if (!who) return (await resumed()) ? undefined : begin();
  const found = (what) => (what.enrolment ? already() : claimed(who, what));
  if (place === "scan") return scan(found, { typed: () => go("#/code") });
  if (place === "code") return type(found);
  if (place === "asked" && rest) return opened(who, decodeURIComponent(rest));
  if (place === "history") return lists.history(who);
  if (place === "phones") return lists.phones(who);
  return home(who);
};

const surround = (who) => {
  const skip = document.getElementById("skip");
  skip.textContent = t("skip");
  skip.hidden = false;
  nav.setAttribute("aria-label", t("nav"));
  nav.hidden = false;
  const shown = who ? PLACES : PLACES.filter(([, name]) => name === "home" || name === "settings");
  const here = window.location.hash || "#/";
  nav.replaceChildren(
    h(
      "ul",
      {},
      shown.map(([hash, name]) => h("li", {}, h("a", { href: hash, id: `nav-${name}`, "aria-current": here === hash ? "page" : null }, t(`nav.${name}`)))),
    ),
  );
  connected();
};

const connected = () => {
  offline.textContent = navigator.onLine ? "" : t("offline.banner");
};

const guarded = async () => {
  try {
    await route();
  } catch (error) {
    await problem(error, guarded);
  }
};

const begun = async () => {
  // A link opens no question: what waits stands in the list, for the person to open (rule R6).
  if (window.location.hash.startsWith("#/asked/")) window.history.replaceState(null, "", "/phone/");
  await startWords();
  if (!window.isSecureContext || !window.crypto?.subtle || !window.PublicKeyCredential) {
    screen(t("old.title"), [alert(t("old.advice")), ways()]);
    return;
  }
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  window.addEventListener("hashchange", guarded);
  window.addEventListener("enrolled", async () => surround(await kept("device")));
  window.addEventListener("online", connected);
  window.addEventListener("offline", connected);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/phone/sw.js", { scope: "/phone/" }).catch(() => {});
    // A notification that was pressed while the app is open: show what it is about.
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (typeof event.data?.open === "string") go(`#/asked/${encodeURIComponent(event.data.open)}`);
    });
  }
  await guarded();
};

begun();
