// The words of the app in one of four languages, fetched once; a missing key is a mistake of ours.
import { kept, keep } from "./store.js";

export const LANGUAGES = { nl: "Nederlands", fr: "Français", de: "Deutsch", en: "English" };
let language = "en";
let words = {};

const preferred = () => {
  for (const tag of navigator.languages || []) {
    const short = tag.slice(0, 2).toLowerCase();
    if (short in LANGUAGES) return short;
  }
  return "en";
};

export const current = () => language;

// Gives the text of a key, `{name}` in it replaced by a value.
export const t = (key, values = {}) => {
  if (!(key in words)) throw new Error(`no words for ${key}`);
  return words[key].replaceAll(/\{(\w+)\}/gu, (_, name) => values[name]);
};

export const has = (key) => key in words;
export const claim = (name) => words[`claim.${name.split("/").pop()}`] || name;
export const detail = (label) => words[`detail.${label}`] || label;

export const when = (text) => {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return new Intl.DateTimeFormat(`${language}-BE`, { dateStyle: "medium", timeStyle: "short" }).format(at);
};

const load = async (chosen) => {
  const answer = await fetch(`/phone/messages/${chosen}.json`);
  words = await answer.json();
  language = chosen;
  document.documentElement.lang = chosen;
};

export const start = async () => {
  const settings = await kept("settings");
  await load(settings?.language in LANGUAGES ? settings.language : preferred());
  // The service worker writes notifications in the same language.
  if (settings?.language !== language) await keep("settings", { ...settings, language });
};

export const choose = async (chosen) => {
  await load(chosen);
  await keep("settings", { ...(await kept("settings")), language: chosen });
};
