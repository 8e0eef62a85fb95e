// One question and its answer: the number first, then what is asked in a fixed order, then the key.
// *Refuse* stands first, is as large as *Approve*, and is where the keyboard starts.
import { call } from "./api.js";
import { asserted, requestOf } from "./bytes.js";
import { alert, button, field, form, h, screen, status, ways } from "./dom.js";
import { go, problem } from "./trouble.js";
import { claim, detail, t } from "./words.js";

const LOOK_MS = 4000;
const OVER = new Set(["refused", "reported", "wrong_number", "cancelled", "expired"]);
const DONE = new Set(["approved", "consumed"]);
// Refusals that say how it ended.
const ENDS = {
  number_wrong: "wrong_number",
  approval_expired: "expired",
  approval_cancelled: "cancelled",
  approval_refused: "refused",
  approval_used: "approved",
};

const path = (approval, verb = "") => `/phone/api/approvals/${encodeURIComponent(approval.id)}${verb}`;

// Shows an approval wherever it stands.
export const show = (who, approval) => {
  if (DONE.has(approval.state)) return ended("approved");
  if (OVER.has(approval.state)) return ended(approval.state);
  if (approval.needs_number) return number(who, approval);
  return ask(who, approval);
};

export const claimed = async (who, what) => {
  try {
    const { approval } = await call(who, "POST", "/phone/api/approvals/claim", what);
    return arrive(who, approval);
  } catch (error) {
    return problem(error);
  }
};

export const opened = async (who, id) => {
  try {
    let { approval } = await call(who, "GET", path({ id }));
    if (approval.state === "pending") ({ approval } = await call(who, "POST", path({ id }, "/open")));
    return show(who, approval);
  } catch (error) {
    return failed(error, () => opened(who, id));
  }
};

// From here on the address names the approval: a reload and the back button find it again.
const arrive = (who, approval) => {
  window.history.replaceState(null, "", `#/asked/${approval.id}`);
  return show(who, approval);
};

const failed = (error, again) => (error.code in ENDS ? ended(ENDS[error.code]) : problem(error, again));

const ended = (state) => {
  const good = state === "approved";
  const mark = h("p", { class: good ? "end good" : "end", "data-state": state, id: "end" }, t(`end.${state}.text`));
  const scan = ["expired", "cancelled", "wrong_number"].includes(state)
    ? button(t("end.scan"), () => go("#/scan"), { id: "scan-again" })
    : null;
  screen(t(`end.${state}.title`), [mark, ways(scan, button(t("home"), () => go("#/"), { class: "quiet", id: "home" }))]);
};

// Looks now and then whether the browser gave up; what the person is typing is left alone.
const watch = (who, approval) => {
  const timer = setInterval(async () => {
    try {
      const now = (await call(who, "GET", path(approval))).approval;
      if (OVER.has(now.state)) ended(now.state);
    } catch (error) {
      if (error.code in ENDS) ended(ENDS[error.code]);
    }
  }, LOOK_MS);
  return () => clearInterval(timer);
};

const refuse = async (who, approval, report) => {
  try {
    const now = (await call(who, "POST", path(approval, "/refuse"), { report })).approval;
    ended(now.state);
  } catch (error) {
    failed(error, () => refuse(who, approval, report));
  }
};

export const report = (who, approval, back) =>
  screen(t("report.title"), [
    h("p", {}, t("report.text")),
    ways(
      button(t("report.go"), () => refuse(who, approval, true), { id: "report-go", class: "danger" }),
      button(t("back"), back, { class: "quiet", id: "back" }),
    ),
  ]);

const asker = (shown, ...before) =>
  h(
    "div",
    { class: "asker" },
    before,
    h("p", { class: "asker-name", id: "client-name" }, h("bdi", {}, shown.client_name)),
    h("p", { class: "asker-host", id: "client-domain" }, h("bdi", {}, shown.client_domain)),
  );

const number = (who, approval) => {
  const digits = field("number", t("number.label"), {
    class: "digits",
    inputmode: "numeric",
    autocomplete: "off",
    maxlength: "2",
  });
  const act = async () => {
    const typed = digits.input.value.trim();
    if (!/^[0-9]{2}$/u.test(typed)) {
      digits.complain(t("number.malformed"));
      return;
    }
    try {
      const answer = await call(who, "POST", path(approval, "/number"), { number: typed });
      show(who, answer.approval);
    } catch (error) {
      failed(error, () => number(who, approval));
    }
  };
  screen(
    t("number.title"),
    [
      asker(approval.shown, h("p", { class: "asker-host" }, t(`to.${approval.shown.verb}`))),
      h("p", {}, t("number.text")),
      h("p", { class: "warning" }, t("number.not_seen")),
      form(digits.parts, t("number.go"), act, { id: "number-form", send: "number-go" }),
      ways(
        button(t("ask.refuse"), () => refuse(who, approval, false), { class: "quiet", id: "refuse" }),
        button(t("ask.not_me"), () => report(who, approval, () => number(who, approval)), { class: "plain", id: "not-me" }),
      ),
    ],
    { focus: digits.input, onleave: watch(who, approval) },
  );
};

const claims = (shown) =>
  shown.claims.length === 0
    ? h("p", { class: "hint" }, t("ask.no_claims"))
    : [
        h("h2", {}, t("ask.claims")),
        h(
          "ul",
          { class: "claims", id: "claims" },
          shown.claims.map((one) =>
            h("li", {}, h("span", { class: "claim-name" }, claim(one.name)), one.reason ? h("span", { class: "reason", lang: shown.language, dir: "auto" }, one.reason) : null),
          ),
        ),
      ];

const details = (shown) =>
  shown.details.length === 0
    ? []
    : [
        h("h2", {}, t("ask.details")),
        h("dl", { id: "details" }, shown.details.flatMap((one) => [h("dt", {}, detail(one.label)), h("dd", {}, h("bdi", {}, one.value))])),
      ];

const message = (shown) =>
  shown.message
    ? [
        h("h2", {}, t("ask.message", { name: shown.client_name })),
        h("blockquote", { id: "message" }, h("bdi", {}, `“${shown.message}”`)),
      ]
    : [];

const ask = (who, approval) => {
  const { shown } = approval;
  const said = status();
  const trouble = alert("");
  trouble.hidden = true;
  const no = button(t("ask.refuse"), () => refuse(who, approval, false), { id: "refuse", class: "decide quiet" });
  const yes = button(t("ask.approve"), () => approve(), { id: "approve", class: "decide" });
  let readable = performance.now() + (approval.read_for || 0) * 1000;
  // Where the browser is new or unusual, nobody can approve before they can have read this.
  const reading = () => {
    const left = Math.ceil((readable - performance.now()) / 1000);
    yes.textContent = left > 0 ? t("ask.reading", { seconds: String(left) }) : t("ask.approve");
    if (left > 0) {
      yes.setAttribute("aria-disabled", "true");
      window.setTimeout(reading, 250);
    } else if (!said.textContent) {
      yes.removeAttribute("aria-disabled");
    }
  };
  const approve = async () => {
    if (yes.getAttribute("aria-disabled")) return;
    yes.setAttribute("aria-disabled", "true");
    trouble.hidden = true;
    said.textContent = t("ask.approving");
    try {
      const publicKey = requestOf(approval.options);
      const assertion = asserted(await navigator.credentials.get({ publicKey }));
      said.textContent = t("wait");
      const answer = await call(who, "POST", path(approval, "/approve"), { assertion });
      show(who, answer.approval);
    } catch (error) {
      said.textContent = "";
      yes.removeAttribute("aria-disabled");
      if (error.readFor) {
        readable = performance.now() + error.readFor * 1000;
        reading();
        return;
      }
      if (!(error instanceof DOMException)) {
        failed(error, () => opened(who, approval.id));
        return;
      }
      trouble.firstChild.textContent = t("ask.key_failed");
      trouble.hidden = false;
      trouble.focus();
    }
  };
  screen(
    t(`to.${shown.verb}`),
    [
      asker(shown),
      shown.purpose ? [h("h2", {}, t("ask.purpose")), h("p", { id: "purpose" }, shown.purpose)] : null,
      claims(shown),
      details(shown),
      message(shown),
      shown.where ? [h("h2", {}, t("ask.where")), h("p", { id: "where" }, h("bdi", {}, shown.where))] : null,
      approval.contested ? h("p", { class: "warning" }, t("ask.contested")) : null,
      approval.kind === "static" ? h("p", { class: "warning" }, t("ask.static")) : null,
      approval.read_for ? h("p", { class: "warning", id: "unusual" }, approval.abroad ? t("ask.abroad") : t("ask.unusual")) : null,
      h("p", { class: "warning", id: "warning" }, t("ask.warning")),
      trouble,
      said,
      h("div", { class: "decision" }, no, yes),
      button(t("ask.not_me"), () => report(who, approval, () => ask(who, approval)), { class: "plain", id: "not-me" }),
    ].flat(2),
    { focus: no, onleave: watch(who, approval) },
  );
  reading();
  no.focus({ preventScroll: true });
};
