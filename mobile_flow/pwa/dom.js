// Building what stands on the screen: text is always text, and every screen begins at its heading.
import { t } from "./words.js";

const main = document.getElementById("main");
let leaving = () => {};

// Makes an element: h("p", {class: "hint"}, "text", child, …); on… are listeners, null is left out.
export const h = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

export const button = (label, act, attributes = {}) =>
  h("button", { type: "button", onclick: act, ...attributes }, label);

// Shows a screen. `focus` is the element that a keyboard starts at, else the heading;
// `onleave` ends what the screen began.
export const screen = (title, children, { focus = null, onleave = () => {}, quietly = false } = {}) => {
  leaving();
  leaving = onleave;
  const heading = h("h1", { tabindex: "-1" }, title);
  main.replaceChildren(heading, ...[children].flat().filter((child) => child !== null && child !== undefined));
  document.title = `${title} – Sesame`;
  if (!quietly) {
    (focus || heading).focus({ preventScroll: focus === null });
    window.scrollTo(0, 0);
  }
  return main;
};

export const status = (text = "") => h("p", { class: "status", role: "status", "aria-live": "polite" }, text);

export const alert = (text) => h("div", { class: "alert", role: "alert", tabindex: "-1" }, h("p", {}, text));

// A form with one act; what was typed wrongly is said beside the field, and the field is entered.
export const form = (fields, label, act, attributes = {}) => {
  const send = h("button", { id: attributes.send || null }, label);
  const sent = async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled")) return;
    send.setAttribute("aria-disabled", "true");
    try {
      await act();
    } finally {
      send.removeAttribute("aria-disabled");
    }
  };
  return h("form", { onsubmit: sent, novalidate: true, id: attributes.id || null }, fields, send);
};

export const field = (id, label, attributes = {}, hint = null) => {
  const described = [hint ? `${id}-hint` : null, `${id}-wrong`].filter(Boolean).join(" ");
  const input = h("input", { id, type: "text", spellcheck: "false", "aria-describedby": described, ...attributes });
  const wrong = h("p", { id: `${id}-wrong`, class: "wrong", "aria-live": "assertive" });
  const complain = (text) => {
    wrong.textContent = text;
    if (text) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    } else {
      input.removeAttribute("aria-invalid");
    }
  };
  const parts = [
    h("label", { for: id }, label),
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    wrong,
    input,
  ];
  return { input, parts, complain };
};

export const ways = (...buttons) => h("div", { class: "ways" }, ...buttons);
export const loading = () => h("p", { class: "status", role: "status" }, t("loading"));
