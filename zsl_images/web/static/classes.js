// Classes: new ones start like a known one; while a slider moves, the photos are ranked again.

import { ask, post } from "./api.js";
import { byId, element, percent, pretty, save, tag } from "./dom.js";
import { onPhotos, photos, setKnown, update } from "./photos.js";

const SLIDERS = 10; // shown at first
const PAUSE = 40; // milliseconds without a move until the photos are ranked
const MOST = 500; // photos that are ranked while a slider moves

let table; // the answer of /classes
const mine = []; // { name, like, attributes, telling, box }
let timer;
let running;

export async function start() {
  table = await (await ask("/classes")).json();
  const unseen = table.classes.filter((one) => one.known_by !== "photos").length;
  byId("about").textContent = `The answer is one of ${table.classes.length} classes, ${unseen} of which were `
    + "never seen in a photo. Your photos stay on this machine.";
  byId("count").textContent = `(${table.classes.length})`;
  byId("like").append(...table.classes.map(({ name }) => element("option", { value: name }, pretty(name))));
  const before = JSON.parse(sessionStorage.getItem("classes") ?? "[]");
  list();
  remember();
  if (!table.attributes.length) byId("new-class").hidden = true;
  for (const row of before) add(row);
  onPhotos(photosChanged);
}

const key = (name) => name.normalize("NFC").toLowerCase().replace(/[\s_-]+/g, "_");
const rows = () => mine.map(({ name, attributes }) => ({ name, attributes }));

function remember() {
  setKnown(new Map(table.classes.map(({ name, known_by }) => [name, known_by])));
  const kept = mine.map(({ box, ...row }) => row);
  sessionStorage.setItem("classes", JSON.stringify(kept));
}

function list() {
  const wanted = key(byId("filter").value);
  const found = table.classes.filter(({ name }) => key(name).includes(wanted));
  byId("class-list").replaceChildren(...found.map(({ name, known_by }) => element("li", {},
    element("span", {}, pretty(name), " ", tag(known_by)),
    element("button", { type: "button", className: "plain", ariaLabel: `new one like it: ${pretty(name)}`,
      onclick: () => { byId("like").value = name; byId("name").focus(); } }, "new one like it"))));
}

function photosChanged() {
  const [first] = photos;
  if (first && !mine.length && document.activeElement?.closest("form")?.id !== "new-class") {
    const guess = first.row.top[0].label;
    if (table.classes.some(({ name }) => name === guess)) byId("like").value = guess;
  }
  if (mine.length) rank(true);
  standing();
}

export async function create(event) {
  event.preventDefault();
  const name = byId("name").value.trim().replaceAll(" ", "_");
  const taken = [...table.classes, ...mine].find((one) => key(one.name) === key(name));
  byId("class-error").textContent = taken ? `There is a class ${pretty(taken.name)} already.` : "";
  if (taken) return;
  try {
    const like = byId("like").value;
    const profile = await (await ask(`/classes/${encodeURIComponent(like)}`)).json();
    const row = { name, like, attributes: profile.attributes, telling: profile.telling };
    await post("/table", { classes: [...rows(), { name, attributes: row.attributes }] });
    add(row);
    byId("name").value = "";
    remember();
    rank(true);
    row.box.querySelector("input").focus();
  } catch (error) {
    byId("class-error").textContent = error.message;
  }
}

function add(row) {
  const sliders = row.telling.map((attribute, place) => slider(row, attribute, place >= SLIDERS));
  const more = element("button", { type: "button", onclick: () => {
    for (const one of sliders) one.hidden = false;
    more.remove();
  } }, `All ${sliders.length} attributes`);
  row.box = element("section", { className: "mine-class", ariaLabel: pretty(row.name) },
    element("header", {}, element("h3", {}, pretty(row.name)),
      element("button", { type: "button", className: "plain", ariaLabel: `remove ${pretty(row.name)}`,
        onclick: () => remove(row) }, "remove")),
    element("p", { className: "note" }, `Like ${pretty(row.like)}, except for what you change. The attributes `
      + "that matter most come first."),
    element("div", { className: "sticky" }, element("ul", { className: "standing" })),
    ...sliders, sliders.length > SLIDERS ? more : null, saving());
  mine.push(row);
  byId("mine").append(row.box);
  remember();
  standing();
}

function saving() {
  const button = (text, path, name) => element("button", { type: "button", onclick: async () => {
    try {
      save(name, await (await post(path, { classes: rows() })).blob());
    } catch (error) {
      byId("class-error").textContent = error.message;
    }
  } }, text);
  return element("div", { className: "row" }, button("Save the table (CSV)", "/table", "classes.csv"),
    button("Save the head", "/head", "head.safetensors"));
}

function slider(row, attribute, hidden) {
  const { meaning, high, low } = table.attributes.find((one) => one.attribute === attribute) ?? {};
  const id = `slider-${row.name}-${attribute}`;
  const shown = (value) => Number(value.toPrecision(3));
  const output = element("output", { className: "number" }, String(shown(row.attributes[attribute])));
  const range = element("input", { id, type: "range", min: table.low, max: table.high,
    step: (table.high - table.low) / 100, value: row.attributes[attribute] });
  range.setAttribute("aria-describedby", `${id}-about`);
  range.oninput = () => {
    row.attributes[attribute] = Number(range.value);
    output.textContent = String(shown(Number(range.value)));
    clearTimeout(timer);
    timer = setTimeout(rank, PAUSE);
  };
  range.onchange = () => { remember(); rank(true); };
  const about = [meaning && `${meaning}.`, high && `High: ${pretty(high)}.`, low && `Low: ${pretty(low)}.`];
  return element("div", { className: "slider", hidden },
    element("div", { className: "line" }, element("label", { htmlFor: id }, pretty(attribute)), output), range,
    element("small", { id: `${id}-about` }, about.filter(Boolean).join(" ")));
}

function remove(row) {
  mine.splice(mine.indexOf(row), 1);
  row.box.remove();
  remember();
  rank(true);
  byId("name").focus();
}

async function rank(explain = false) {
  clearTimeout(timer);
  running?.abort();
  running = new AbortController();
  const ids = photos.slice(0, explain ? undefined : MOST).map(({ row }) => row.id);
  if (!ids.length) return standing();
  const body = { photos: ids, classes: rows(), explain };
  try {
    update(await (await post("/rank", body, running.signal)).json());
    byId("class-error").textContent = "";
  } catch (error) {
    if (error.name !== "AbortError") byId("class-error").textContent = error.message;
  }
  standing();
}

function standing() {
  for (const { name, box } of mine) {
    const lines = photos.slice(0, 4).map(({ row, thumbnail }) => {
      const [first] = row.top;
      const own = row.top.find(({ label }) => label === name);
      const share = own ? percent(own.probability) : `below ${percent(Math.max(0.001, row.top.at(-1).probability))}`;
      return element("li", {}, thumbnail ? element("img", { src: thumbnail, alt: row.path }) : element("span"),
        element("span", {}, first.label === name ? element("strong", {}, pretty(name)) : pretty(first.label)),
        element("span", { className: "number" }, share));
    });
    const empty = element("li", { className: "note" }, "Drop a photo of it to see how it ranks.");
    box.querySelector(".standing").replaceChildren(...(lines.length ? lines : [empty]));
  }
}

export const find = list;
