/* Cohorts: a table with a row for each, and the share that came again in a cell for each period since. */

import { el } from "../dom.js";
import * as format from "../format.js";

const DARKEST = 0.4; // the figure in the cell stays readable

/**
 * @param {object[]} rows  `cohort`, `number`, `people`, `came`, `share`; by cohort and number
 * @param {string} caption
 * @param {(cohort: string) => string} nameOf  a cohort in words
 * @param {string} unit  "week"
 */
export function cohorts(rows, caption, nameOf, unit) {
  const byCohort = [...Map.groupBy(rows, (row) => row.cohort)];
  const last = Math.max(...rows.map((row) => row.number));
  const most = Math.max(1e-9, ...rows.filter((row) => row.number).map((row) => row.share));
  const numbers = Array.from({ length: last }, (_, n) => n + 1);
  const head = el("tr", {}, el("th", { scope: "col", text: `First ${unit}` }), el("th.number", { scope: "col", text: "People" }), ...numbers.map((number) => el("th.number", { scope: "col", text: `+${number}`, "aria-label": format.counted(number, `${unit} later`, `${unit}s later`) })));
  const body = byCohort.map(([cohort, cells]) => {
    const later = new Map(cells.map((cell) => [cell.number, cell]));
    return el("tr", {}, el("th", { scope: "row", text: nameOf(cohort) }), el("td.number", { text: format.whole(cells[0].people, "count") }), ...numbers.map((number) => {
      const each = later.get(number);
      if (!each) return el("td");
      const cell = el("td.number.cohort", { text: format.percent(each.share), title: `${nameOf(cohort)}, ${format.counted(number, `${unit} later`, `${unit}s later`)}: ${format.whole(each.came, "count")} of ${format.whole(each.people, "count")}` });
      cell.style.setProperty("--heat", ((DARKEST * each.share) / most).toFixed(3));
      return cell;
    }));
  });
  return el("div.scroll", { tabindex: 0, role: "region", "aria-label": caption }, el("table.cohorts", {}, el("caption.unseen", { text: caption }), el("thead", {}, head), el("tbody", {}, ...body)));
}
