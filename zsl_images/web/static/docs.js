// The page of the API, from the description that the server gives of itself.

import { ask } from "./api.js";
import { byId, element } from "./dom.js";

const nameOf = (schema = {}) => schema.$ref?.split("/").pop()
  ?? (schema.items ? `list of ${nameOf(schema.items)}` : schema.anyOf?.map(nameOf).join(" or ") ?? schema.type ?? "any");

function contentOf(content = {}) {
  return Object.entries(content).map(([type, { schema }]) => `${type}: ${nameOf(schema)}`).join("; ");
}

function operation(method, path, about) {
  const lines = [
    ...(about.parameters ?? []).map((one) => `${one.in} ${one.name}: ${nameOf(one.schema)}. ${one.description ?? ""}`),
    about.requestBody ? `body ${contentOf(about.requestBody.content)}` : null,
    ...Object.entries(about.responses).map(([code, one]) => `${code}: ${one.description} ${contentOf(one.content)}`),
  ];
  return element("section", {}, element("h2", {}, element("code", {}, `${method.toUpperCase()} ${path}`)),
    element("p", {}, about.description ?? ""),
    element("ul", {}, ...lines.filter(Boolean).map((line) => element("li", {}, line))));
}

function schema([name, { description = "", properties = {} }]) {
  const fields = Object.entries(properties).map(([field, one]) =>
    element("li", {}, element("code", {}, field), `: ${nameOf(one)}. ${one.description ?? ""}`));
  return element("section", {}, element("h3", {}, name), element("p", {}, description), element("ul", {}, ...fields));
}

byId("base").textContent = location.origin;
const description = await (await ask("/openapi.json")).json();
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, about] of Object.entries(methods)) byId("operations").append(operation(method, path, about));
}
byId("operations").append(element("section", {}, element("h2", {}, "Types"),
  ...Object.entries(description.components.schemas).map(schema)));
