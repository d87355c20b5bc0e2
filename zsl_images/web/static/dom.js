// Elements from data: names come from anywhere, so text is always set as text, never as HTML.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export const pretty = (name) => name.replaceAll("_", " ");

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export function tag(kind) {
  const text = kind === "unknown" ? "unlike every class" : `known from ${kind}`;
  return element("span", { className: `tag ${kind}` }, text);
}

export function save(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
