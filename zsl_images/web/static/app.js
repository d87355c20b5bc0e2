// The page: what each part of it does when a person acts.

import { ask } from "./api.js";
import { create, find, start } from "./classes.js";
import { byId, element } from "./dom.js";
import { clear, complain, exportLabels, send } from "./photos.js";
import { startTable } from "./table.js";

const drop = byId("drop");
byId("files").addEventListener("change", (event) => {
  send([...event.target.files]);
  event.target.value = "";
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop") send([...event.dataTransfer.files]);
  });
}
document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) send(files);
});
byId("clear").addEventListener("click", clear);
byId("export").addEventListener("click", exportLabels);
byId("new-class").addEventListener("submit", create);
byId("filter").addEventListener("input", find);
startTable();

async function offerExamples() {
  const examples = await (await ask("/examples")).json();
  byId("examples").hidden = !examples.length;
  byId("examples").append(...examples.map((name) => element("button", { type: "button", onclick: async () => {
    const photo = await (await ask(`/examples/${encodeURIComponent(name)}`)).blob();
    send([new File([photo], name, { type: photo.type })]);
  } }, name.replace(/\.\w+$/, ""))));
}

start().then(offerExamples).catch((error) => complain(error.message));
