/* Payments: how many succeed, and why the others do not. */

import { definition, query } from "../api.js";
import { bars } from "../charts/bars.js";
import { total } from "../data.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { Tile, section } from "../tile.js";
import { behind, both, showFigures, showLines, sumFigure, tilesOf } from "./rates.js";
import { View } from "./view.js";

const ended = (rows) => total(rows, "succeeded") + total(rows, "failed");
const FIGURES = [
  { id: "success", title: "Success", kind: "share", columns: ["success_rate", "succeeded", "failed"], of: (rows) => (ended(rows) ? total(rows, "succeeded") / ended(rows) : null) },
  sumFigure("amount", "Paid", "amount", { kind: "money" }),
  sumFigure("succeeded", "Succeeded", "succeeded"),
  sumFigure("failed", "Failed", "failed", { better: "down" }),
];
const NONE = "None in these days.";
const EMPTY = "No payments in these days. They come as events of the types payment_initiated, payment_succeeded and payment_failed.";

export function open() {
  const tiles = tilesOf("payments_daily", FIGURES);
  const lines = new Tile({ id: "payment-days", title: "Payments", definition: definition("payments_daily", "succeeded", "failed", "initiated"), span: 8, plain: true, height: 260 });
  const reasons = new Tile({ id: "reasons", title: "Why payments fail", definition: definition("payment_failures", "reason", "failed", "amount", "failed_share"), span: 4, plain: true, height: 260 });
  const element = el("div", {}, section("Payments", ...tiles, lines, reasons));
  return new View(element, [...tiles, lines, reasons], { nothing: EMPTY, command: "./shop simulate" }, async (context, signal) => {
    const [daily, failures] = await Promise.all([both("payments_daily", context, signal), query("payment_failures", { from: context.range.first, to: context.range.last, currency: context.currency }, { signal })]);
    showFigures(tiles, FIGURES, daily, context, NONE);
    showLines(lines, [{ name: "Succeeded", of: FIGURES[2].of }, { name: "Failed", of: FIGURES[3].of }], daily, context, { empty: NONE });
    const { rows } = failures;
    if (!rows.length) return reasons.empty("No payment failed in these days.");
    reasons.show({ body: bars(rows.slice(0, 10).map((row) => ({ name: row.reason, value: row.failed, before: context.range.before && context.state.compare === "before" ? row.failed_before : undefined, text: format.whole(row.failed, "count"), note: `${format.whole(row.failed_share, "share")} · ${format.whole(row.amount, "money", context.currency)}` }))), ...behind(failures, context.currency) });
  });
}
