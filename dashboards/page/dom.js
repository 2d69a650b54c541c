/* Elements. Text goes in by textContent only, so that no value of an event can become markup. */

/**
 * An element.
 * @param {string} description  tag, and classes behind dots: "div.tile.wide"
 * @param {Object<string, any>} [properties]  attributes; `on` holds listeners, `text` the text
 * @param {...(Node|string|null|undefined|false)} children
 */
export function el(description, properties = {}, ...children) {
  const [tag, ...classes] = description.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  set(node, properties);
  node.append(...children.flat().filter((child) => child || child === 0));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG, described as by `el`. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function set(node, { on = {}, text, ...attributes }) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  for (const [type, listener] of Object.entries(on)) node.addEventListener(type, listener);
  if (text !== undefined) node.textContent = text;
}

/** Puts `text` into `node` where it has another one; says whether it had. */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

let last = 0;

/** An id that no other element of the page has. */
export const uniqueId = (prefix) => `${prefix}-${++last}`;

const ICONS = {
  info: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM8 7.25v4M8 4.6v.9",
  table: "M2 3.5h12v9H2zM2 6.5h12M2 9.5h12M6.5 6.5v6",
  close: "M4 4l8 8M12 4l-8 8",
  link: "M6.5 9.5l3-3M7 4.5l1-1a3 3 0 0 1 4.5 4.3l-1.2 1.2M9 11.5l-1 1a3 3 0 0 1-4.5-4.3l1.2-1.2",
  download: "M8 2.5v7.5M5 7.5l3 3 3-3M3 13.5h10",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5l3 3",
  warning: "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.4v.6",
  back: "M9.5 3.5L5 8l4.5 4.5",
};

/** A picture of 16 px that says nothing by itself. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}
