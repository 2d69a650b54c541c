/* The table behind a tile: sorted by its columns, exported, and linked to. */

import { address, change } from "./address.js";
import { el, icon, setText } from "./dom.js";
import * as format from "./format.js";
import { meaning } from "./popover.js";

/**
 * @typedef {object} Table
 * @property {Column[]} columns
 * @property {any[][]} rows
 * @property {string} [csv]      address of the export
 * @property {string} [command]  the same by `./shop query`
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {string} [kind]      see format.js; without one it is text
 * @property {string} [currency]
 * @property {string} [doc]       what it means
 */

const MOST_ROWS = 500;

const heading = el("h2", { id: "table-title", dir: "auto" });
const definition = el("dl.meaning");
const place = el("div.table-place", { tabindex: 0, role: "region", "aria-labelledby": "table-title" });
const count = el("span.secondary");
const actions = el("div.actions");
const command = el("code.command");
const close = el("button.quiet", { type: "button", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"));
const dialog = el("dialog.sheet", { "aria-labelledby": "table-title" }, el("header", {}, heading, close), definition, place, el("footer", {}, count, actions), command);
dialog.addEventListener("close", () => change({ table: null }, { quietly: true }));
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
document.body.append(dialog);

/** Opens the table of a tile. */
export function openTable({ id, title, definition: means, table }) {
  change({ table: id }, { quietly: true });
  setText(heading, title);
  definition.replaceChildren(...meaning(means));
  place.replaceChildren(drawTable(table, title));
  setText(count, `${format.counted(table.rows.length, "row")}${table.rows.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown; the export has all` : ""}`);
  const link = el("button", { type: "button" }, icon("link"), "Copy link");
  link.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    link.lastChild.textContent = "Copied";
  });
  actions.replaceChildren(...[link, table.csv && el("a.button", { href: table.csv, download: true }, icon("download"), "Export CSV")].filter(Boolean));
  setText(command, table.command ?? "");
  command.hidden = !table.command;
  if (!dialog.open) dialog.showModal();
  place.scrollTop = 0;
}

/** Whether the address asks for this tile's table. */
export const isAskedFor = (id) => address().table === id && !dialog.open;

/** A table whose headers sort it. */
export function drawTable({ columns, rows }, caption) {
  const body = el("tbody");
  const fill = (sorted) => body.replaceChildren(...sorted.slice(0, MOST_ROWS).map((row) => el("tr", {}, ...row.map((value, n) => cell(value, columns[n])))));
  const heads = columns.map((column, n) => {
    const head = el("th", { scope: "col", class: isFigure(column) ? "number" : undefined, title: column.doc });
    const button = el("button.sort", { type: "button", text: column.name });
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      fill(rows.toSorted((a, b) => (down ? -1 : 1) * compare(a[n], b[n], column)));
    });
    head.append(button);
    return head;
  });
  fill(rows);
  return el("table.data", {}, el("caption.unseen", { text: caption }), el("thead", {}, el("tr", {}, ...heads)), body);
}

/** The plotted figures as a table for who cannot see the plot. */
export const unseenTable = ({ columns, rows }, caption) =>
  el("div.unseen", {}, el("table", {}, el("caption", { text: caption }), el("thead", {}, el("tr", {}, ...columns.map((column) => el("th", { scope: "col", text: column.name })))), el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((value, n) => el("td", { text: written(value, columns[n]) })))))));

const isFigure = (column) => Boolean(column.kind) && !["text", "day", "time"].includes(column.kind);

function written(value, column) {
  if (value === null || value === undefined) return format.NOTHING;
  return column.kind ? format.whole(value, column.kind, column.currency) : String(value);
}

function cell(value, column) {
  return isFigure(column)
    ? el("td.number", { text: written(value, column), "data-value": value ?? "" })
    : el("td", { text: written(value, column), dir: "auto" });
}

function compare(a, b, column) {
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return isFigure(column) ? Number(a) - Number(b) : String(a).localeCompare(String(b));
}
