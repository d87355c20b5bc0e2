// The class table as a grid: only the rows in sight exist, one cell is reached by Tab, arrows move.

import { ask } from "./api.js";
import { byId, element, pretty } from "./dom.js";
import { about, changes, edited, key, mine, onEdit, saving, setValue, takeBack } from "./ranking.js";

const HEIGHT = 34; // of a row, as in style.css

let columns = []; // attributes
let values = {}; // class of the head → its values
let names = []; // classes that are shown, the new ones first
let drawn = new Map(); // place → row
let at = { place: 0, column: 0 }; // the cell that Tab reaches
let sheet;
let body;

export function startTable() {
  const details = byId("table");
  details.addEventListener("toggle", () => {
    if (details.open && !sheet) open().catch((error) => { byId("meaning").textContent = error.message; });
  });
}

async function open() {
  const found = await (await ask("/table")).json();
  columns = found.attributes;
  values = found.rows;
  sheet = byId("sheet");
  body = element("div", { className: "body" });
  body.setAttribute("role", "rowgroup");
  sheet.style.setProperty("--columns", columns.length);
  sheet.setAttribute("aria-colcount", columns.length + 1);
  sheet.replaceChildren(header(), body);
  byId("table-tools").append(saving());
  byId("table-find").addEventListener("input", choose);
  byId("take-back").addEventListener("click", takeBack);
  sheet.addEventListener("scroll", draw, { passive: true });
  sheet.addEventListener("keydown", press);
  sheet.addEventListener("focusin", ({ target }) => explain(target));
  sheet.addEventListener("dblclick", ({ target }) => edit(target.closest("[role=gridcell]")));
  onEdit(choose);
  new ResizeObserver(draw).observe(sheet);
  choose();
}

function header() {
  const cells = columns.map((attribute, column) => cell("columnheader", element("span", {}, pretty(attribute)), column));
  const row = element("div", { className: "line head" }, cell("columnheader", "class", -1), ...cells);
  row.setAttribute("role", "row");
  row.setAttribute("aria-rowindex", 1);
  const group = element("div", { className: "top" }, row);
  group.setAttribute("role", "rowgroup");
  return group;
}

function cell(role, content, column) {
  const made = element("div", {}, content);
  made.setAttribute("role", role);
  made.setAttribute("aria-colindex", column + 2);
  made.dataset.column = column;
  return made;
}

function choose() {
  const wanted = key(byId("table-find").value);
  names = [...mine.map(({ name }) => name), ...about.classes.map(({ name }) => name)]
    .filter((name) => key(name).includes(wanted));
  at.place = Math.max(0, Math.min(at.place, names.length - 1));
  const changed = Object.values(changes).reduce((sum, of) => sum + Object.keys(of).length, 0);
  byId("take-back").disabled = !changed;
  byId("table-count").textContent = `${names.length} ${names.length === 1 ? "class" : "classes"}, `
    + `${columns.length} attributes, ${changed} ${changed === 1 ? "value" : "values"} changed`;
  const hadFocus = body.contains(document.activeElement);
  for (const row of drawn.values()) row.remove();
  drawn = new Map();
  sheet.setAttribute("aria-rowcount", names.length + 1);
  body.style.height = `${names.length * HEIGHT}px`;
  draw();
  if (hadFocus) go(at.place, at.column);
}

function valueOf(name, attribute) {
  const own = mine.find((one) => one.name === name)?.attributes[attribute];
  return own ?? changes[name]?.[attribute] ?? values[name][columns.indexOf(attribute)];
}

function draw() {
  const first = Math.max(0, Math.floor(sheet.scrollTop / HEIGHT) - 4);
  const last = Math.min(names.length, Math.ceil((sheet.scrollTop + sheet.clientHeight) / HEIGHT) + 4);
  for (const [place, row] of drawn) {
    if ((place < first || place >= last) && !row.contains(document.activeElement)) {
      row.remove();
      drawn.delete(place);
    }
  }
  for (let place = first; place < last; place += 1) if (!drawn.has(place)) make(place);
}

function make(place) {
  const name = names[place];
  const row = element("div", { className: "line" }, cell("rowheader", pretty(name), -1),
    ...columns.map((attribute, column) => {
      const one = cell("gridcell", String(Number(valueOf(name, attribute).toPrecision(3))), column);
      one.tabIndex = place === at.place && column === at.column ? 0 : -1;
      one.classList.toggle("changed", attribute in (changes[name] ?? {}));
      return one;
    }));
  row.setAttribute("role", "row");
  row.setAttribute("aria-rowindex", place + 2);
  row.dataset.place = place;
  row.style.top = `${place * HEIGHT}px`;
  drawn.set(place, row);
  body.append(row);
}

const placeOf = (one) => ({ place: Number(one.parentElement.dataset.place), column: Number(one.dataset.column) });
const cellAt = ({ place, column }) => drawn.get(place)?.children[column + 1];

function go(place, column) {
  const before = cellAt(at);
  if (before) before.tabIndex = -1;
  at = { place: Math.max(0, Math.min(names.length - 1, place)), column: Math.max(0, Math.min(columns.length - 1, column)) };
  const top = at.place * HEIGHT;
  const room = sheet.clientHeight - sheet.firstElementChild.offsetHeight - HEIGHT;
  if (top < sheet.scrollTop) sheet.scrollTop = top;
  else if (top > sheet.scrollTop + room) sheet.scrollTop = top - room;
  draw();
  const one = cellAt(at);
  if (!one) return;
  one.tabIndex = 0;
  one.focus({ preventScroll: true });
  const side = sheet.querySelector("[role=rowheader]").offsetWidth;
  if (one.offsetLeft - side < sheet.scrollLeft) sheet.scrollLeft = one.offsetLeft - side;
  const right = one.offsetLeft + one.offsetWidth - sheet.clientWidth;
  if (right > sheet.scrollLeft) sheet.scrollLeft = right;
}

function press(event) {
  const { target } = event;
  if (target.getAttribute("role") !== "gridcell" || event.metaKey || event.altKey) return;
  const rows = Math.max(1, Math.floor(sheet.clientHeight / HEIGHT) - 4);
  const { place, column } = placeOf(target);
  const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], PageDown: [rows, 0],
    PageUp: [-rows, 0], Home: [event.ctrlKey ? -Infinity : 0, -Infinity], End: [event.ctrlKey ? Infinity : 0, Infinity] };
  if (event.key in moves) go(place + moves[event.key][0], column + moves[event.key][1]);
  else if (event.ctrlKey) return;
  else if (event.key === "Enter" || event.key === "F2") edit(target);
  else if (/^[-.,\d]$/.test(event.key)) edit(target, event.key);
  else if (event.key === "Delete" || event.key === "Backspace") reset(target);
  else return;
  event.preventDefault();
}

function reset(one) {
  const name = names[placeOf(one).place];
  if (mine.some((row) => row.name === name)) return;
  setValue(name, columns[placeOf(one).column], null);
  edited();
}

function edit(one, typed) {
  if (!one || one.querySelector("input")) return;
  at = placeOf(one);
  const { place, column } = at;
  const name = names[place];
  const attribute = columns[column];
  const before = one.textContent;
  const input = element("input", { inputMode: "decimal", value: typed ?? before,
    ariaLabel: `${pretty(attribute)} of ${pretty(name)}` });
  let isOver = false;
  const end = (isKept, move) => {
    if (isOver) return;
    const text = input.value.trim().replace(",", ".");
    const value = Number(text);
    const isRight = text !== "" && value >= about.low && value <= about.high;
    if (isKept && !isRight && move !== undefined) {
      byId("meaning").textContent = `${input.value || "Nothing"} is no value: expected a number from ${about.low} `
        + `to ${about.high}.`;
      input.select();
      return;
    }
    isOver = true;
    one.replaceChildren(before);
    if (isKept && isRight && text !== before) {
      setValue(name, attribute, value);
      edited();
    }
    if (move !== undefined) go(place + move, column);
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(true, 1);
    else if (event.key === "Escape") end(false, 0);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => end(true));
  one.replaceChildren(input);
  input.focus();
  if (!typed) input.select();
}

function explain(target) {
  const one = target.closest("[role=gridcell]");
  if (!one) return;
  const { place, column } = placeOf(one);
  const { meaning, scale, high, low } = about.attributes.find((entry) => entry.attribute === columns[column]) ?? {};
  const name = names[place];
  const was = columns[column] in (changes[name] ?? {}) ? ` It was ${Number(values[name][column].toPrecision(3))}.` : "";
  byId("meaning").textContent = `${pretty(columns[column])} of ${pretty(name)}.${was} `
    + [meaning && `Meaning: ${meaning}.`, scale && `Scale: ${scale}.`, high && `High: ${pretty(high)}.`,
      low && `Low: ${pretty(low)}.`].filter(Boolean).join(" ");
}
