/* Recommendations: shown, clicked, and what they earned, by source, model and arm. */

import { cautionOf, definition, query } from "../api.js";
import { bars } from "../charts/bars.js";
import { grouped, total } from "../data.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { Tile, section } from "../tile.js";
import { listsTile, showLists } from "./lists.js";
import { behind, both, shareFigure, showFigures, showLines, sumFigure, tilesOf } from "./rates.js";
import { View, fill } from "./view.js";

const ACTIVITY = [
  sumFigure("shown", "Products shown", "shown"),
  shareFigure("click-rate", "Click rate", "clicks", "shown", "click_rate"),
  shareFigure("conversion", "Bought after a click", "purchases", "clicks", "conversion_rate"),
];
const REVENUE = [sumFigure("rec-net", "Net revenue due to them", "net", { kind: "money" })];
const PARTS = [["source", "By source", "(the event does not say)"], ["model", "By model", "(no model)"], ["arm", "By arm", "(no experiment)"]];
const NONE = "None in these days.";
const EMPTY = "No recommendation was shown in these days. The service reports what it shows where SHOP_SERVING_REPORTS_SHOWN is set; see docs/serving.md.";

export function open() {
  const tiles = [...tilesOf("recommendations_by_day", ACTIVITY), ...tilesOf("recommendation_revenue_by_day", REVENUE)];
  const lines = new Tile({ id: "rec-days", title: "Clicks and purchases", definition: definition("recommendations_by_day", "clicks", "purchases"), span: 6, plain: true, height: 280 });
  const positions = new Tile({ id: "positions", title: "Click rate by position", definition: definition("recommendations_by_member", "member", "click_rate"), span: 3, plain: true, height: 280 });
  const fresh = listsTile();
  const parts = PARTS.map(([dimension, title]) => new Tile({ id: dimension, title: `Click rate ${title.toLowerCase()}`, definition: definition("recommendations_by_member", "member", "shown", "clicks", "purchases", "click_rate"), span: 4, plain: true, height: 280 }));
  const cover = new Tile({ id: "coverage", title: "Coverage by source", definition: definition("recommendation_coverage_daily", "lists", "users", "products", "products_per_list"), span: 12, plain: true, height: 200 });
  const element = el("div", {}, section("Recommendations", ...tiles, lines, positions, fresh), section("What works", ...parts, cover));
  return new View(element, [...tiles, lines, positions, fresh, ...parts, cover], { nothing: EMPTY, command: "./shop simulate" }, async (context, signal) => {
    const { range, currency } = context;
    const members = (dimension) => query("recommendations_by_member", { from: range.first, to: range.last, dimension }, { signal });
    const earned = (dimension) => query("recommendation_revenue_by_member", { from: range.first, to: range.last, dimension, currency }, { signal });
    await Promise.all([
      fill(fresh, "/api/lists", signal, (lists) => showLists(fresh, lists, "as of now")),
      both("recommendations_by_day", context, signal).then((activity) => {
        showFigures(tiles.slice(0, ACTIVITY.length), ACTIVITY, activity, context, NONE);
        showLines(lines, [{ name: "Clicks", of: (rows) => total(rows, "clicks") }, { name: "Purchases", of: (rows) => total(rows, "purchases") }], activity, context, { empty: NONE });
      }),
      both("recommendation_revenue_by_day", context, signal).then((revenue) => showFigures(tiles.slice(ACTIVITY.length), REVENUE, revenue, context, "Nothing was bought after a recommendation in these days.")),
      both("recommendation_coverage_daily", { ...context, range: { ...range, before: null } }, signal).then(({ now }) => showCoverage(cover, now)),
      members("position").then((answer) => showPositions(positions, answer)),
      ...PARTS.map(async ([dimension, , unnamed], n) => showPart(parts[n], unnamed, await members(dimension), await earned(dimension), currency)),
    ]);
  });
}

function showPositions(tile, answer) {
  const rows = answer.rows.filter((row) => Number(row.member) > 0).sort((a, b) => Number(a.member) - Number(b.member)).slice(0, 10);
  if (!rows.length) return tile.empty(NONE);
  tile.show({ body: bars(rows.map((row) => ({ name: `Position ${row.member}`, value: row.click_rate, text: format.whole(row.click_rate, "share"), title: `${format.whole(row.clicks, "count")} of ${format.whole(row.shown, "count")}` }))), ...behind(answer) });
}

function showPart(tile, unnamed, answer, revenue, currency) {
  const rows = answer.rows.toSorted((a, b) => b.shown - a.shown).slice(0, 8);
  if (!rows.length) return tile.empty(NONE);
  const net = new Map(revenue.rows.map((row) => [row.member, row.net]));
  const note = (row) => [`${format.whole(row.shown, "count")} shown`, format.counted(row.clicks, "click"), net.has(row.member) && `${format.whole(net.get(row.member), "money", currency)} net`].filter(Boolean).join(" · ");
  tile.show({ body: bars(rows.map((row) => ({ name: row.member || unnamed, value: row.click_rate, text: format.whole(row.click_rate, "share"), note: note(row) }))), ...behind(answer), caution: cautionOf(answer, revenue) });
}

function showCoverage(tile, now) {
  if (!now.rows.length) return tile.empty(NONE);
  const sources = grouped(now.rows, "recommendation_source", ["lists"]);
  const most = (rows, column) => Math.max(...rows.map((row) => row[column]));
  const rows = sources.map(({ member, lists }) => ({ member, lists, products: most(now.rows.filter((row) => row.recommendation_source === member), "products") }));
  tile.show({ body: bars(rows.slice(0, 8).map((row) => ({ name: row.member || "(the event does not say)", value: row.products, text: `${format.whole(row.products, "count")} products`, note: `on its best day; ${format.counted(row.lists, "list")} in all` }))), ...behind(now.answer) });
}
