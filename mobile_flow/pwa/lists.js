// What there is: what happened, which phones there are, and the settings.
import { call } from "./api.js";
import { report } from "./approve.js";
import { button, field, form, h, loading, screen, status, ways } from "./dom.js";
import * as push from "./push.js";
import { forget, keep } from "./store.js";
import { go, problem } from "./trouble.js";
import { LANGUAGES, choose, current, t, when } from "./words.js";

const REPORTABLE = new Set(["approved", "consumed", "refused", "wrong_number", "expired"]);
const DECIDED = new Set(["approved", "consumed"]);

export const history = async (who) => {
  screen(t("history.title"), [loading()]);
  try {
    const { approvals } = await call(who, "GET", "/phone/api/history");
    screen(
      t("history.title"),
      [
        h("p", {}, t("history.text")),
        approvals.length
          ? h("ul", { class: "list", id: "history" }, approvals.map((one) => entry(who, one)))
          : h("p", { class: "hint" }, t("history.none")),
      ],
      { quietly: true },
    );
  } catch (error) {
    await problem(error, () => history(who));
  }
};

const entry = (who, one) => {
  const named = { name: one.shown.client_name, when: when(one.decided_at || one.opened_at) };
  return h(
    "li",
    { "data-state": one.state },
    h("p", { class: "what" }, h("strong", {}, t(`verb.${one.shown.verb}`)), " · ", h("bdi", {}, one.shown.client_name)),
    h("p", { class: "hint" }, `${t(`state.${one.state}`)} · ${named.when}`),
    h(
      "div",
      { class: "acts" },
      DECIDED.has(one.state)
        ? button(t("history.receipt"), () => receipt(who, one), { class: "plain", "aria-label": t("history.receipt.of", named) })
        : null,
      REPORTABLE.has(one.state)
        ? button(t("history.not_me"), () => report(who, one, () => history(who)), { class: "plain", "aria-label": t("history.not_me.of", named) })
        : null,
    ),
  );
};

const receipt = async (who, one) => {
  try {
    const document_ = await call(who, "GET", `/phone/api/history/${encodeURIComponent(one.id)}/receipt`);
    const address = URL.createObjectURL(new Blob([JSON.stringify(document_, null, 1)], { type: "application/json" }));
    h("a", { href: address, download: `receipt-${one.id}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  } catch (error) {
    await problem(error, () => history(who));
  }
};

export const phones = async (who) => {
  screen(t("phones.title"), [loading()]);
  try {
    const { devices } = await call(who, "GET", "/phone/api/devices");
    screen(
      t("phones.title"),
      [
        h("ul", { class: "list", id: "phones" }, devices.map((one) => phone(who, one))),
        h("p", { class: "hint" }, t("phones.more"), " ", h("a", { href: "/account" }, t("settings.account"))),
      ],
      { quietly: true },
    );
  } catch (error) {
    await problem(error, () => phones(who));
  }
};

const phone = (who, one) =>
  h(
    "li",
    {},
    h("p", { class: "what" }, h("strong", {}, h("bdi", {}, one.name)), one.this ? h("span", { class: "tag" }, t("phones.this")) : null),
    h("p", { class: "hint" }, t("phones.since", { when: when(one.enrolled_at) })),
    h(
      "div",
      { class: "acts" },
      button(t("phones.rename"), () => rename(who, one), { class: "plain", "aria-label": t("phones.rename.of", one) }),
      button(t("phones.remove"), () => remove(who, one), { class: "plain", "aria-label": t("phones.remove.of", one) }),
    ),
  );

const rename = (who, one) => {
  const name = field("phone-name", t("phones.name"), { autocomplete: "off", maxlength: "40", value: one.name });
  const act = async () => {
    try {
      const wanted = name.input.value.trim();
      await call(who, "POST", `/phone/api/devices/${encodeURIComponent(one.id)}/rename`, { name: wanted });
      if (one.this) await keep("device", Object.assign(who, { name: wanted }));
      await phones(who);
    } catch (error) {
      await problem(error, () => rename(who, one));
    }
  };
  screen(
    t("phones.rename.of", one),
    [form(name.parts, t("phones.save"), act, { send: "phone-save" }), ways(button(t("back"), () => phones(who), { class: "quiet" }))],
    { focus: name.input },
  );
};

const remove = (who, one) => {
  const act = async () => {
    try {
      await call(who, "POST", `/phone/api/devices/${encodeURIComponent(one.id)}/remove`, {});
      if (!one.this) {
        await phones(who);
        return;
      }
      await forget("device");
      window.dispatchEvent(new Event("enrolled"));
      go("#/");
    } catch (error) {
      await problem(error, () => phones(who));
    }
  };
  screen(t("phones.remove.title", one), [
    h("p", {}, t("phones.remove.text")),
    ways(
      button(t("phones.remove.go"), act, { class: "danger", id: "remove-go" }),
      button(t("back"), () => phones(who), { class: "quiet", id: "back" }),
    ),
  ]);
};

export const settings = async (who) => {
  const languages = h(
    "select",
    { id: "language", onchange: (event) => changed(event.target.value) },
    Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === current() }, name)),
  );
  const changed = async (code) => {
    await choose(code);
    window.dispatchEvent(new Event("enrolled"));
    await settings(who);
    document.getElementById("language").focus();
  };
  const said = status();
  const toggle = h("div", {});
  screen(t("settings.title"), [
    who ? h("p", { class: "hint" }, t("settings.this", who)) : null,
    h("label", { for: "language" }, t("settings.language")),
    languages,
    ...(who ? [h("h2", {}, t("settings.push")), h("p", {}, t("settings.push.text")), said, toggle] : []),
    h("p", { class: "hint" }, h("a", { href: "/account" }, t("settings.account"))),
  ]);
  if (!who) return;
  const now = async (state) => {
    said.textContent = t(`settings.push.${state}`);
    const next = { is_on: ["off", push.off], is_off: ["on", push.on] }[state];
    toggle.replaceChildren(...(next ? [button(t(`settings.push.${next[0]}`), () => act(next[1]), { class: "quiet", id: "push" })] : []));
  };
  const act = async (turn) => {
    try {
      await now(await turn(who));
    } catch (error) {
      if (error instanceof DOMException) said.textContent = t("settings.push.failed");
      else await problem(error, () => settings(who));
    }
  };
  await now(await push.state());
};
