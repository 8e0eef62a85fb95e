// A phone on its way in: the code, the word on both screens, the key, and only then a device.
import { call, newKey } from "./api.js";
import { creationOf, registered } from "./bytes.js";
import { alert, button, field, form, h, screen, status, ways } from "./dom.js";
import { scan } from "./scan.js";
import { forget, keep, kept } from "./store.js";
import { go, problem } from "./trouble.js";
import { current, t } from "./words.js";

const LOOK_MS = 1500;
const SPENT = new Set(["enrolment_unknown", "enrolment_taken"]);
const HANDHELD = /Android|iPhone|iPad|iPod|Mobile/u;

const path = (enrolment, verb = "") => `/phone/api/enrolments/${encodeURIComponent(enrolment)}${verb}`;

const step = (text) => h("li", {}, text);

// Begins, with the code of the address or of a picture where there is one.
export const begin = (code = "") => {
  const typed = field("enrol-code", t("enrol.code"), {
    class: "code",
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: "20",
    value: code,
  });
  const name = field(
    "enrol-name",
    t("enrol.name"),
    { autocomplete: "off", maxlength: "40", value: t(HANDHELD.test(navigator.userAgent) ? "enrol.name.phone" : "enrol.name.computer") },
    t("enrol.name.hint"),
  );
  const act = async () => {
    const plain = typed.input.value.replaceAll(/[\s-]/gu, "");
    if (!/^[0-9A-Za-z]{8}$/u.test(plain)) {
      typed.complain(t("code.malformed"));
      return;
    }
    typed.complain("");
    await claim(plain, name.input.value.trim());
  };
  const address = `${window.location.host}/account`;
  screen(
    t("enrol.title"),
    [
      h("p", { class: "lead" }, t("enrol.text")),
      h("ol", { class: "steps" }, step(t("enrol.step.account", { address })), step(t("enrol.step.add")), step(t("enrol.step.code"))),
      button(t("enrol.scan"), () => scan(({ enrolment }) => begin(enrolment || ""), { typed: () => begin() }), {
        id: "enrol-scan",
        class: "quiet",
      }),
      form([...typed.parts, ...name.parts], t("enrol.go"), act, { id: "enrol-form", send: "enrol-go" }),
    ],
    code ? { focus: name.input } : {},
  );
};

const claim = async (code, name) => {
  const key = await newKey();
  try {
    const answer = await call({ key }, "POST", "/phone/api/enrolments/claim", { code, device_name: name });
    const enrolling = { id: answer.enrolment, key, matching: answer.matching, name: answer.device_name };
    await keep("enrolling", enrolling);
    await match(enrolling);
  } catch (error) {
    await problem(error, () => begin(code));
  }
};

// Goes on with an enrolment that a reload interrupted; tells whether there was one.
export const resumed = async () => {
  const enrolling = await kept("enrolling");
  if (!enrolling) return false;
  await match(enrolling);
  return true;
};

// Ends it from here; where the provider is not reached it ends by itself.
const giveUp = async (enrolling) => {
  await call({ key: enrolling.key }, "POST", path(enrolling.id, "/cancel")).catch(() => {});
  await over();
};

const over = async () => {
  await forget("enrolling");
  screen(t("enrol.over.title"), [alert(t("enrol.over.text")), ways(button(t("home"), () => go("#/"), { id: "home" }))]);
};

const match = async (enrolling) => {
  let open = true;
  screen(
    t("enrol.match.title"),
    [
      h("p", { class: "word", id: "matching" }, enrolling.matching),
      h("p", { class: "hint" }, enrolling.name),
      h("p", {}, t("enrol.match.text")),
      status(t("enrol.match.wait")),
      ways(button(t("cancel"), () => giveUp(enrolling), { class: "quiet", id: "cancel" })),
    ],
    { onleave: () => (open = false) },
  );
  while (open) {
    try {
      const answer = await call({ key: enrolling.key }, "GET", path(enrolling.id));
      if (!open) return;
      if (answer.state === "confirmed") return ready(enrolling, answer.options);
      if (answer.state !== "claimed") return over();
    } catch (error) {
      if (!open) return;
      if (SPENT.has(error.code)) return over();
      if (error.status) return problem(error, () => match(enrolling));
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const ready = (enrolling, options) => {
  const trouble = alert("");
  trouble.hidden = true;
  const make = async () => {
    trouble.hidden = true;
    try {
      const credential = registered(await navigator.credentials.create({ publicKey: creationOf(options) }));
      await finish(enrolling, credential);
    } catch (error) {
      if (!(error instanceof DOMException)) {
        if (SPENT.has(error.code)) await over();
        else await problem(error, () => match(enrolling));
        return;
      }
      trouble.firstChild.textContent = t(error.name === "InvalidStateError" ? "enrol.key.known" : "enrol.key.failed");
      trouble.hidden = false;
      trouble.focus();
    }
  };
  screen(t("enrol.key.title"), [
    h("p", {}, t("enrol.key.text")),
    trouble,
    ways(button(t("enrol.key.go"), make, { id: "make-key" }), button(t("cancel"), () => giveUp(enrolling), { class: "quiet", id: "cancel" })),
  ]);
};

const finish = async (enrolling, credential) => {
  const members = { credential, language: current() };
  const answer = await call({ key: enrolling.key }, "POST", path(enrolling.id, "/finish"), members);
  await keep("device", { id: answer.device, name: answer.name, key: enrolling.key });
  await forget("enrolling");
  screen(t("enrol.done.title"), [
    h("p", { class: "end good", id: "enrolled" }, t("enrol.done.text", { name: answer.name })),
    ways(button(t("home"), () => go("#/"), { id: "home" })),
  ]);
  window.dispatchEvent(new Event("enrolled"));
};

export const already = () =>
  screen(t("enrol.already.title"), [
    alert(t("enrol.already.text")),
    ways(button(t("home"), () => go("#/"), { id: "home" })),
  ]);
