// The page: what each part of it does when a person acts.

import { create, find, start } from "./classes.js";
import { byId } from "./dom.js";
import { clear, complain, exportLabels, send } from "./photos.js";

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
start().catch((error) => complain(error.message));
