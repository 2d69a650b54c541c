/* Funnel and visits: how far sessions come, where they begin, how long they last. */

import { definition, query } from "../api.js";
import { bars, funnel } from "../charts/bars.js";
import { share, total, withOther } from "../data.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { Tile, section } from "../tile.js";
import { behind, both, shareFigure, showFigures, showLines, sumFigure, tilesOf } from "./rates.js";
import { View } from "./view.js";

const FIGURES = [
  sumFigure("sessions", "Sessions", "sessions"),
  shareFigure("conversion", "Conversion", "converted", "sessions", "conversion_rate"),
  shareFigure("abandonment", "Abandoned carts", "abandoned_carts", "carts", "abandonment_rate", { better: "down" }),
];
const DURATION = [{ kind: "seconds", better: null, of: (rows) => share(rows.reduce((sum, row) => sum + row.sessions * row.average_seconds, 0), total(rows, "sessions")) }];
const STEPS = ["All sessions", "Viewed a product", "Put into the cart", "Began the checkout", "Began to pay", "Bought"];
const PARTS = [["device", "Devices"], ["channel", "Channels"], ["country", "Countries"], ["entry_page", "Entry pages"]];
const NONE = "None in these days.";
const EMPTY = "No sessions in these days. Events belong to one by their session_id; the browser tracker gives it.";
const MOST = 8;

export function open() {
  const tiles = tilesOf("funnel_daily", FIGURES);
  const length = new Tile({ id: "duration", title: "Average duration", definition: definition("visits_by_day", "average_seconds", "median_seconds"), height: 32 });
  const steps = new Tile({ id: "funnel", title: "Funnel", definition: definition("funnel_steps", "sessions", "share_of_all", "kept", "lost"), span: 6, plain: true, height: 400 });
  const lines = new Tile({ id: "session-days", title: "Sessions and conversions", definition: definition("funnel_daily", "sessions", "converted"), span: 6, plain: true, height: 400 });
  const parts = PARTS.map(([column, title]) => new Tile({ id: column, title, definition: definition("visits_by_member", "member", "sessions", "conversion_rate", "average_seconds"), span: column === "entry_page" ? 12 : 4, plain: true, height: 300 }));
  const element = el("div", {}, section("Visits", ...tiles, length, steps, lines), section("Where sessions begin", ...parts));
  return new View(element, [...tiles, length, steps, lines, ...parts], { nothing: EMPTY, command: "./shop simulate" }, async (context, signal) => {
    const { first, last } = context.range;
    await Promise.all([
      both("funnel_daily", context, signal).then((daily) => {
        showFigures(tiles, FIGURES, daily, context, NONE);
        showLines(lines, [{ name: "Sessions", of: FIGURES[0].of }, { name: "Sessions with a purchase", of: (rows) => total(rows, "converted") }], daily, context, { empty: NONE, height: 320 });
      }),
      both("visits_by_day", context, signal).then((daily) => showFigures([length], DURATION, daily, context, NONE)),
      query("funnel_steps", { from: first, to: last }, { signal }).then((answer) => showFunnel(steps, answer)),
      ...parts.map((tile, n) => query("visits_by_member", { from: first, to: last, dimension: PARTS[n][0], limit: 500 }, { signal }).then((answer) => showPart(tile, PARTS[n][0], answer))),
    ]);
  });
}

function showFunnel(tile, answer) {
  const rows = answer.rows.toSorted((a, b) => a.step - b.step);
  if (!rows.length || !rows[0].sessions) return tile.empty(NONE);
  tile.show({ body: funnel(rows.map((row) => ({ name: STEPS[row.step] ?? row.name, value: row.sessions }))), ...behind(answer) });
}

function showPart(tile, dimension, answer) {
  if (!answer.rows.length) return tile.empty(NONE);
  const members = withOther(answer.rows, MOST, ["sessions", "converted"]);
  const name = (row) => (dimension === "country" ? format.country(row.member) : row.member);
  tile.show({ body: bars(members.map((row) => ({ name: name(row), value: row.sessions, text: format.whole(row.sessions, "count"), note: `${format.whole(share(row.converted, row.sessions), "share")} bought` }))), ...behind(answer) });
}
