// Classes: a new one starts like a known one, and sliders change what matters most.

import { ask, post } from "./api.js";
import { byId, element, percent, pretty, tag } from "./dom.js";
import { onPhotos, photos } from "./photos.js";
import { about, edited, edits, isEdited, key, mine, onEdit, rank, rankSoon, remember, remembered, saving,
  setValue } from "./ranking.js";

const SLIDERS = 10; // shown at first

export async function start() {
  Object.assign(about, await (await ask("/classes")).json());
  const unseen = about.classes.filter((one) => one.known_by !== "photos").length;
  byId("about").textContent = `The answer is one of ${about.classes.length} classes, ${unseen} of which were `
    + "never seen in a photo. Your photos stay on this machine.";
  byId("count").textContent = `(${about.classes.length})`;
  byId("like").append(...about.classes.map(({ name }) => element("option", { value: name }, pretty(name))));
  const before = remembered();
  list();
  if (!about.attributes.length) byId("new-class").hidden = true;
  for (const row of before) add(row);
  remember();
  onPhotos(photosChanged);
  onEdit(showValues);
  document.addEventListener("ranked", standing);
}

function list() {
  const wanted = key(byId("filter").value);
  const found = about.classes.filter(({ name }) => key(name).includes(wanted));
  byId("class-list").replaceChildren(...found.map(({ name, known_by }) => element("li", {},
    element("span", {}, pretty(name), " ", tag(known_by)),
    element("button", { type: "button", className: "plain", ariaLabel: `new one like it: ${pretty(name)}`,
      onclick: () => { byId("like").value = name; byId("name").focus(); } }, "new one like it"))));
}

function photosChanged() {
  const [first] = photos;
  if (first && !mine.length && document.activeElement?.closest("form")?.id !== "new-class") {
    const guess = first.row.top[0].label;
    if (about.classes.some(({ name }) => name === guess)) byId("like").value = guess;
  }
  if (isEdited()) rank(true);
  standing();
}

export async function create(event) {
  event.preventDefault();
  const name = byId("name").value.trim().replaceAll(" ", "_");
  const taken = [...about.classes, ...mine].find((one) => key(one.name) === key(name));
  byId("class-error").textContent = taken ? `There is a class ${pretty(taken.name)} already.` : "";
  if (taken) return;
  try {
    const like = byId("like").value;
    const profile = await (await ask(`/classes/${encodeURIComponent(like)}`)).json();
    const row = { name, like, attributes: profile.attributes, telling: profile.telling };
    const { classes, changes } = edits();
    await post("/table", { classes: [...classes, { name, attributes: row.attributes }], changes });
    add(row);
    byId("name").value = "";
    edited();
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
  standing();
}

const shown = (value) => String(Number(value.toPrecision(3)));

function slider(row, attribute, hidden) {
  const { meaning, high, low } = about.attributes.find((one) => one.attribute === attribute) ?? {};
  const id = `slider-${row.name}-${attribute}`;
  const output = element("output", { className: "number" }, shown(row.attributes[attribute]));
  const range = element("input", { id, type: "range", min: about.low, max: about.high,
    step: (about.high - about.low) / 100, value: row.attributes[attribute] });
  range.setAttribute("aria-describedby", `${id}-about`);
  range.dataset.attribute = attribute;
  range.oninput = () => {
    setValue(row.name, attribute, Number(range.value));
    output.textContent = shown(Number(range.value));
    rankSoon();
  };
  range.onchange = edited;
  const texts = [meaning && `${meaning}.`, high && `High: ${pretty(high)}.`, low && `Low: ${pretty(low)}.`];
  return element("div", { className: "slider", hidden },
    element("div", { className: "line" }, element("label", { htmlFor: id }, pretty(attribute)), output), range,
    element("small", { id: `${id}-about` }, texts.filter(Boolean).join(" ")));
}

function showValues() {
  for (const { attributes, box } of mine) {
    for (const range of box.querySelectorAll("input[type=range]")) {
      const value = attributes[range.dataset.attribute];
      range.value = value;
      range.closest(".slider").querySelector("output").textContent = shown(value);
    }
  }
}

function remove(row) {
  mine.splice(mine.indexOf(row), 1);
  row.box.remove();
  edited();
  byId("name").focus();
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
