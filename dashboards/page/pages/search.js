/* Search: what visitors look for, and whether they find it. */

import { definition, query } from "../api.js";
import { bars } from "../charts/bars.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { Tile, section } from "../tile.js";
import { behind, both, shareFigure, showFigures, showLines, sumFigure, tilesOf } from "./rates.js";
import { View } from "./view.js";

const FIGURES = [
  sumFigure("searches", "Searches", "searches"),
  shareFigure("zero", "Without results", "zero_results", "searches", "zero_result_rate", { better: "down" }),
  shareFigure("through", "Click-through", "clicks", "searches", "click_through_rate"),
  sumFigure("clicks", "Clicks on results", "clicks"),
];
const NONE = "None in these days.";
const EMPTY = "No searches in these days. They come as events of the type search.";
const MOST = 12;

export function open() {
  const tiles = tilesOf("search_daily", FIGURES);
  const lines = new Tile({ id: "search-days", title: "Searches and clicks", definition: definition("search_daily", "searches", "clicks", "zero_results"), span: 12, plain: true, height: 260 });
  const most = new Tile({ id: "queries", title: "Most searched", definition: definition("search_terms", "query", "searches", "click_through_rate"), span: 6, plain: true, height: 480 });
  const none = new Tile({ id: "found-nothing", title: "Found nothing", definition: definition("search_terms", "query", "zero_results", "zero_result_rate"), span: 6, plain: true, height: 480 });
  const element = el("div", {}, section("Search", ...tiles, lines), section("Queries", most, none));
  return new View(element, [...tiles, lines, most, none], { nothing: EMPTY, command: "./shop simulate" }, async (context, signal) => {
    const [daily, asked, nothing] = await Promise.all([both("search_daily", context, signal), query("search_terms", { from: context.range.first, to: context.range.last, limit: 1000 }, { signal }), query("search_terms", { from: context.range.first, to: context.range.last, limit: 1000, order: "zero_results" }, { signal })]);
    showFigures(tiles, FIGURES, daily, context, NONE);
    showLines(lines, [{ name: "Searches", of: FIGURES[0].of }, { name: "Clicks on results", of: FIGURES[3].of }], daily, context, { empty: NONE });
    rank(most, asked, "searches", (row) => `${format.whole(row.click_through_rate, "share")} click-through`, NONE);
    rank(none, nothing, "zero_results", (row) => `of ${format.whole(row.searches, "count")} searches`, "Every search of these days found something.");
  });
}

function rank(tile, answer, column, note, empty) {
  const best = answer.rows.filter((row) => row[column]).slice(0, MOST);
  if (!best.length) return tile.empty(empty);
  tile.show({ body: bars(best.map((row) => ({ name: row.query || "(blank)", value: row[column], text: format.whole(row[column], "count"), note: note(row) }))), ...behind(answer) });
}
