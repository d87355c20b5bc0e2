// Photos: taken from the person, sent in small batches, shown with their labels.

import { predict } from "./api.js";
import { byId, element, percent, pretty, save, tag } from "./dom.js";

const MOST_BYTES = 20_000_000;
const AT_ONCE = 8;
const SIDE = 400;

export const photos = []; // { file, row, thumbnail, card }
const waiting = [];
const listeners = [];
let isSending = false;
let known = new Map(); // class → how it is known

export const onPhotos = (listener) => listeners.push(listener);
export const setKnown = (map) => { known = map; };

async function thumbnail(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = element("canvas", { width: bitmap.width * scale, height: bitmap.height * scale });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return URL.createObjectURL(blob);
  } catch {
    return null; // a format that this browser cannot show
  }
}

function bars(row) {
  const shown = row.top.filter((one, rank) => !rank || one.probability >= 0.0005);
  return element("ol", { className: "bars" }, ...shown.map((one) => {
    const fill = element("span", { className: "fill" });
    fill.style.width = `${100 * one.probability}%`;
    const name = element("span", { className: known.has(one.label) ? "" : "mine" }, pretty(one.label));
    return element("li", {}, fill, name,
      element("span", { className: "number" }, percent(one.probability)));
  }));
}

function why(explanation) {
  const of = (sign) => explanation.attributes
    .filter((one) => sign * one.share > 0.005).slice(0, 5)
    .map((one) => `${pretty(one.attribute)} (${Math.round(100 * Math.abs(one.share))} %)`).join(", ");
  const parts = [["Resembles", explanation.nearest_seen.map((one) => pretty(one.label)).join(", ")]];
  if (explanation.runner_up) {
    parts.unshift(["For it", of(1) || "nothing", "for"], ["Against it", of(-1) || "nothing", "against"]);
  }
  const rows = parts.flatMap(([term, text, kind = ""]) =>
    [element("dt", { className: kind }, term), element("dd", {}, text)]);
  const versus = explanation.runner_up ? ` and not ${pretty(explanation.runner_up)}` : "";
  return element("details", {}, element("summary", {}, `Why ${pretty(explanation.label)}${versus}?`),
    element("dl", { className: "why" }, ...rows));
}

function texts(row) {
  const [first] = row.top;
  const how = known.get(first.label) ?? "attributes";
  return [
    element("div", { className: "answer" },
      element("strong", {}, row.is_unknown ? "unknown" : row.label === null ? "no label" : pretty(row.label)),
      tag(how),
      row.rival ? element("span", { className: "hint" }, `or ${pretty(row.rival)}`) : null),
    bars(row),
    row.explanation ? why(row.explanation) : null,
    element("p", { className: "name" }, row.path),
  ].filter((part) => part !== null);
}

function show(photo) {
  const isOpen = photo.card?.querySelector("details")?.open;
  if (!photo.card) {
    const picture = photo.thumbnail
      ? element("img", { src: photo.thumbnail, alt: "" })
      : element("span", { className: "none" }, "no preview");
    photo.card = element("li", { className: "card" }, element("div", { className: "picture" }, picture),
      element("div", { className: "text" }));
    byId("results").append(photo.card);
  }
  photo.card.lastElementChild.replaceChildren(...texts(photo.row));
  if (isOpen) photo.card.querySelector("details").open = true;
}

export function update(rows) {
  const of = new Map(rows.map((row) => [row.id, row]));
  for (const photo of photos) {
    const row = of.get(photo.row.id);
    if (!row) continue;
    const explanation = row.explanation ?? photo.row.explanation;
    const isStale = explanation?.label !== row.top[0].label || explanation?.runner_up !== row.top[1]?.label;
    photo.row = { ...row, explanation: isStale ? null : explanation };
    show(photo);
  }
}

export function complain(text) {
  byId("error-list").append(element("li", {}, text));
}

function batch() {
  let bytes = 0;
  const files = [];
  while (waiting.length && files.length < AT_ONCE && bytes + waiting[0].size < 5 * MOST_BYTES) {
    bytes += waiting[0].size;
    files.push(waiting.shift());
  }
  return files;
}

async function take(files) {
  const [rows, thumbnails] = await Promise.all([predict(files), Promise.all(files.map(thumbnail))]);
  rows.forEach((row, index) => {
    if (row.error) return complain(row.error);
    const photo = { file: files[index], row, thumbnail: thumbnails[index] };
    photos.push(photo);
    show(photo);
  });
}

export async function send(files) {
  byId("error-list").replaceChildren();
  for (const file of files) {
    if (file.size > MOST_BYTES) complain(`${file.name}: more than 20 MB; make it smaller`);
    else waiting.push(file);
  }
  if (isSending) return;
  isSending = true;
  const progress = byId("progress");
  let done = 0;
  while (waiting.length) {
    const total = done + waiting.length;
    progress.hidden = false;
    Object.assign(progress, { max: total, value: done });
    byId("status").textContent = `${done} of ${total} photos labelled`;
    const files = batch();
    await take(files).catch((error) => complain(error.message));
    done += files.length;
  }
  isSending = false;
  progress.hidden = true;
  const number = photos.length;
  byId("status").textContent = number ? `${number} ${number === 1 ? "photo" : "photos"} labelled` : "";
  byId("results-tools").hidden = !number;
  listeners.forEach((listener) => listener());
}

export function clear() {
  for (const photo of photos.splice(0)) if (photo.thumbnail) URL.revokeObjectURL(photo.thumbnail);
  byId("results").replaceChildren();
  byId("status").textContent = "";
  byId("results-tools").hidden = true;
  listeners.forEach((listener) => listener());
  byId("files").focus();
}

const cell = (value) => {
  const text = value === null ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function exportLabels() {
  const fields = ["path", "label", "probability", "is_seen", "known_by", "unknown_score"];
  const lines = [fields, ...photos.map(({ row }) => fields.map((field) => row[field]))];
  save("labels.csv", lines.map((line) => line.map(cell).join(",") + "\n").join(""), "text/csv");
}
