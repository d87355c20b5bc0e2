// A folder: labelled with progress, looked through in a window of cells, and corrected with undo.

import { ask, post } from "./api.js";
import { byId, element, percent, pretty, save } from "./dom.js";
import { Grid } from "./grid.js";

const undo = []; // { rows, labels } as they were before
let path = "";
let timer;

const query = (more = {}) => new URLSearchParams({ path, ...more });
const label = () => byId("filter").value;

const grid = new Grid(byId("grid"), byId("space"), {
  async page(offset, count) {
    const chosen = label() === "*" ? {} : { label: label() };
    return (await ask(`/folder/rows?${query({ offset, count, ...chosen })}`)).json();
  },
  async picture(row) {
    return URL.createObjectURL(await (await ask(`/folder/thumbnail?${query({ row: row.row })}`)).blob());
  },
  text(row) {
    if (row.error) return ["cannot be read", ""];
    const share = row.probability === null ? "" : percent(row.probability);
    if (row.correction && row.correction === row.label) return [pretty(row.label), "confirmed"];
    return row.correction ? [pretty(row.correction), `was ${pretty(row.label ?? "no label")}`]
      : [pretty(row.label ?? "no label"), share];
  },
});

function complain(error) {
  byId("errors").textContent = error?.message ?? "";
}

async function open(folder) {
  path = folder;
  undo.length = 0;
  byId("undo").disabled = true;
  complain();
  const found = await (await ask(`/folder?${query()}`)).json();
  byId("folder").textContent = found.path || "The root folder";
  byId("up").disabled = !found.path;
  const names = found.folders.map((name) => element("option", { value: name }, name.split("/").pop()));
  byId("folders").replaceChildren(element("option", { value: "" }, names.length ? "choose" : "none"), ...names);
  byId("folders").disabled = !names.length;
  byId("look").hidden = byId("export").hidden = !found.is_labelled;
  if (found.is_labelled) await show();
}

async function show() {
  const counts = Object.entries(await (await ask(`/folder/labels?${query()}`)).json());
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  byId("filter").replaceChildren(element("option", { value: "*" }, `all ${total} photos`),
    ...counts.map(([name, count]) => element("option", { value: name }, `${pretty(name) || "no label"} (${count})`)));
  await refresh();
}

async function refresh() {
  await grid.reset();
  byId("status").textContent = `${grid.total} photos, ${grid.corrected} corrected in this folder`;
}

async function correct(rows, labels) {
  if (!rows.length) return;
  const before = await (await post("/folder/corrections", { path, rows, labels })).json();
  grid.corrected += labels.filter((one) => one !== null).length - before.filter((one) => one !== null).length;
  grid.mark(rows, labels);
  byId("status").textContent = `${grid.total} photos, ${grid.corrected} corrected in this folder`;
  return { rows, labels: before };
}

async function give(labelOf) {
  try {
    const chosen = grid.chosen().filter((row) => labelOf(row));
    const made = await correct(chosen.map((row) => row.row), chosen.map(labelOf));
    if (made) undo.push(made);
    byId("undo").disabled = !undo.length;
    grid.next();
    complain();
  } catch (error) { complain(error); }
}

async function takeBack() {
  const last = undo.pop();
  byId("undo").disabled = !undo.length;
  if (last) await correct(last.rows, last.labels).catch(complain);
}

function apply() {
  const name = byId("right").value.trim().replaceAll(" ", "_");
  if (!name) return byId("right").focus();
  give(() => name);
  byId("grid").focus();
}

async function watch() {
  clearTimeout(timer);
  const run = await (await ask("/folder/run")).json();
  byId("stop").hidden = byId("progress").hidden = !run.is_running;
  byId("label").disabled = run.is_running;
  if (run.error) complain(new Error(run.error));
  if (run.total) Object.assign(byId("progress"), { max: run.total, value: run.done });
  if (run.is_running) {
    byId("status").textContent = `${run.done} of ${run.total ?? "…"} photos labelled`;
    timer = setTimeout(() => watch().catch(complain), 300);
  }
  return run;
}

async function work() {
  try {
    await post("/folder/label", { path });
    let run = await watch();
    while (run.is_running) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      run = await watch();
    }
    if (!run.error) await open(path);
  } catch (error) { complain(error); }
}

const act = (id, event, action) => byId(id).addEventListener(event, () => action()?.catch?.(complain));
act("label", "click", work);
act("stop", "click", () => post("/folder/stop", {}));
act("up", "click", () => open(path.split("/").slice(0, -1).join("/")));
act("folders", "change", () => open(byId("folders").value || path));
act("filter", "change", refresh);
act("apply", "click", apply);
act("undo", "click", takeBack);
act("export", "click", async () =>
  save("labels.csv", await (await ask(`/folder/export?${query()}`)).blob(), "text/csv"));
byId("right").addEventListener("keydown", (event) => { if (event.key === "Enter") apply(); });
byId("grid").addEventListener("keydown", (event) => {
  if (event.key === "Enter") byId("right").select();
  else if (event.key.toLowerCase() === "c" && !event.ctrlKey && !event.metaKey) give((row) => row.label);
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && event.target.id !== "right") takeBack();
});

const { classes } = await (await ask("/classes")).json();
byId("known").append(...classes.map(({ name }) => element("option", { value: pretty(name) })));
await open("").catch((error) => complain(error.status === 404
  ? new Error("No folder may be shown; start the server as `zsl serve --root FOLDER`.") : error));
watch().catch(() => {});
