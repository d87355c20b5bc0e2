// Ranking: the photos follow the edits of the class table. Their features stay on the server, so it is quick.

import { post } from "./api.js";
import { byId, element, save } from "./dom.js";
import { photos, setKnown, update } from "./photos.js";

const PAUSE = 40; // milliseconds without a move until the photos are ranked
const MOST = 500; // photos that are ranked while a slider moves

export const about = { classes: [], attributes: [], low: 0, high: 1 }; // the answer of /classes
export const mine = []; // new classes: { name, like, attributes, telling, box }
export const changes = {}; // class of the head → attribute → its new value
const listeners = [];
let timer;
let running;

export const onEdit = (listener) => listeners.push(listener);
export const key = (name) => name.normalize("NFC").toLowerCase().replace(/[\s_-]+/g, "_");
export const edits = () => ({ classes: mine.map(({ name, attributes }) => ({ name, attributes })), changes });
export const isEdited = () => mine.length > 0 || Object.keys(changes).length > 0;

export function remember() {
  setKnown(new Map(about.classes.map(({ name, known_by }) => [name, known_by])));
  const kept = mine.map(({ box, ...row }) => row);
  sessionStorage.setItem("classes", JSON.stringify(kept));
  sessionStorage.setItem("changes", JSON.stringify(changes));
}

export function remembered() {
  Object.assign(changes, JSON.parse(sessionStorage.getItem("changes") ?? "{}"));
  return JSON.parse(sessionStorage.getItem("classes") ?? "[]");
}

// One value of one class; null takes the change of a class of the head back.
export function setValue(name, attribute, value) {
  const row = mine.find((one) => one.name === name);
  if (row) row.attributes[attribute] = value;
  else if (value === null) {
    delete changes[name]?.[attribute];
    if (!Object.keys(changes[name] ?? {}).length) delete changes[name];
  } else (changes[name] ??= {})[attribute] = value;
}

export function takeBack() {
  for (const name of Object.keys(changes)) delete changes[name];
  edited();
}

export function edited() {
  remember();
  rank(true);
  listeners.forEach((listener) => listener());
}

export function rankSoon() {
  clearTimeout(timer);
  timer = setTimeout(rank, PAUSE);
}

export async function rank(explain = false) {
  clearTimeout(timer);
  running?.abort();
  running = new AbortController();
  const ids = photos.slice(0, explain ? undefined : MOST).map(({ row }) => row.id);
  if (ids.length) {
    const body = { photos: ids, ...edits(), explain };
    try {
      update(await (await post("/rank", body, running.signal)).json());
      byId("class-error").textContent = "";
    } catch (error) {
      if (error.name !== "AbortError") byId("class-error").textContent = error.message;
    }
  }
  document.dispatchEvent(new Event("ranked"));
}

export function saving() {
  const button = (text, path, name) => element("button", { type: "button", onclick: async () => {
    try {
      save(name, await (await post(path, edits())).blob());
    } catch (error) {
      byId("class-error").textContent = error.message;
    }
  } }, text);
  return element("div", { className: "row" }, button("Save the table (CSV)", "/table", "classes.csv"),
    button("Save the head", "/head", "head.safetensors"));
}
