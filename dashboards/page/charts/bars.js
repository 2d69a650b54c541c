/* Ranks, steps and hours x weekdays: bars of HTML, which wrap, print and are read aloud as the lists and tables they are. */

import { el } from "../dom.js";
import * as format from "../format.js";

/**
 * Horizontal bars.
 * @param {object[]} rows  `name`, `value` (number), `text` (as written); perhaps `before` (number), `note`, `href`
 */
export function bars(rows) {
  const most = Math.max(1e-9, ...rows.map((row) => Math.max(row.value ?? 0, row.before ?? 0)));
  return el("ol.bars", {}, ...rows.map((row) => {
    const fill = el(`span.bar-fill${row.value > 0 ? ".some" : ""}`);
    fill.style.width = `${(100 * Math.max(0, row.value ?? 0)) / most}%`;
    const before = row.before === undefined ? null : el("span.bar-before", { title: `before: ${row.beforeText ?? row.before}` });
    if (before) before.style.width = `${(100 * Math.max(0, row.before ?? 0)) / most}%`;
    const name = row.href ? el("a.bar-name", { href: row.href, text: row.name, dir: "auto" }) : el("span.bar-name", { text: row.name, dir: "auto" });
    return el("li", {}, name, el("span.bar-value", { text: row.text, title: row.title }), el("span.bar-track", { "aria-hidden": "true" }, fill, before), row.note && el("span.bar-note", { text: row.note }));
  }));
}

/**
 * Steps, each with the share that reached it of the first, and what was lost before it.
 * @param {{name: string, value: number}[]} steps
 */
export function funnel(steps) {
  const first = steps[0]?.value || 0;
  return el("ol.funnel", {}, ...steps.map((step, n) => {
    const before = n ? steps[n - 1].value : step.value;
    const kept = before ? step.value / before : null;
    const fill = el("span.funnel-fill");
    fill.style.width = `${first ? (100 * step.value) / first : 0}%`;
    const lost = before - step.value;
    return el("li", {},
      n > 0 && el("span.funnel-between", {}, el("span", { text: `${format.whole(kept, "share")} go on` }), el("span.funnel-lost", { text: lost > 0 ? `${format.whole(lost, "count")} leave` : "" })),
      el("span.funnel-head", {}, el("span", { text: step.name }), el("b", { text: format.whole(step.value, "count") }), el("span.funnel-share", { text: format.whole(first ? step.value / first : null, "share") })),
      el("span.funnel-track", { "aria-hidden": "true" }, fill));
  }));
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/**
 * A table of hours x weekdays whose ground is darker where there is more.
 * @param {(number|null)[][]} cells  of weekday (0 is Monday) and hour
 * @param {(value: number) => string} text  a cell's figure, written
 */
export function heat(cells, text, caption) {
  const most = Math.max(1e-9, ...cells.flat().map((value) => value ?? 0));
  const head = el("tr", {}, el("th", { scope: "col" }, el("span.unseen", { text: "Weekday" })), ...HOURS.map((hour) => el("th", { scope: "col", text: hour % 3 ? "" : String(hour).padStart(2, "0"), "aria-label": `${hour}:00` })));
  const body = cells.map((row, weekday) => el("tr", {}, el("th", { scope: "row", text: format.weekdayName(weekday) }), ...row.map((value, hour) => {
    const words = `${format.weekdayName(weekday)} ${hour}:00–${hour + 1}:00: ${text(value ?? 0)}`;
    const cell = el("td", { title: words }, el("span.unseen", { text: text(value ?? 0) }));
    cell.style.setProperty("--heat", value > 0 ? (0.08 + (0.92 * value) / most).toFixed(3) : "0");
    return cell;
  })));
  return el("table.heat", {}, el("caption.unseen", { text: caption }), el("thead", {}, head), el("tbody", {}, ...body));
}
