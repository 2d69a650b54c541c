/* What Search, Payments, Visits and Recommendations share: figures that are sums or shares of columns, with the period before. */

import { cautionOf, definition, query, tableOf } from "../api.js";
import { LineChart } from "../charts/line.js";
import { spark } from "../charts/spark.js";
import { ofCurrency, perBlock, share, total } from "../data.js";
import * as days from "../days.js";
import * as format from "../format.js";
import { blocksOf, named } from "../ranges.js";
import { unseenTable } from "../table.js";
import { Tile } from "../tile.js";
import { newestOf } from "./view.js";

/** A figure that is the sum of a column. */
export const sumFigure = (id, title, column, more = {}) => ({ id, title, kind: "count", columns: [column], of: (rows) => total(rows, column), ...more });

/** A figure that is a sum divided by another one. */
export const shareFigure = (id, title, over, under, rate, more = {}) => ({ id, title, kind: "share", columns: [rate, over, under], of: (rows) => share(total(rows, over), total(rows, under)), ...more });

/** Tiles of figures. */
export const tilesOf = (table, figures, options = {}) => figures.map(({ id, title, columns }) => new Tile({ id, title, definition: definition(table, ...columns), height: 32, ...options }));

/** A query's answer for the days of a context and those compared with. */
export async function both(name, { range, currency }, signal, only = () => true) {
  const ask = async ({ first, last }) => {
    const answer = await query(name, { from: first, to: last }, { signal });
    return { answer, rows: ofCurrency(answer.rows, currency).filter(only) };
  };
  const [now, before] = await Promise.all([ask(range), range.before && ask(range.before)]);
  return { now, before };
}

/** What every tile shows of an answer beside its figure. */
export const behind = (answer, currency, rows = answer.rows) => ({ table: tableOf(answer, { rows, currency }), newest: newestOf(answer), caution: cautionOf(answer) });

/** Fills tiles of figures. */
export function showFigures(tiles, figures, { now, before }, context, empty) {
  const { blocks } = blocksOf(context.range);
  figures.forEach(({ kind, better = "up", of, note }, n) => {
    if (!now.rows.length) return tiles[n].empty(empty);
    tiles[n].show({
      figure: { value: of(now.rows), kind, currency: context.currency, better, before: before ? (before.rows.length ? of(before.rows) : null) : undefined, beforeName: context.range.before ? named(context.range.before) : "" },
      note: note?.(now.rows) ?? "",
      body: spark(perBlock(now.rows, blocks, of), before?.rows.length ? perBlock(before.rows, blocksOf(context.range.before).blocks, of) : []),
      ...behind(now.answer, context.currency, now.rows),
    });
  });
}

/**
 * Fills a tile with lines by day.
 * @param {{name: string, of: (rows: object[]) => any}[]} series  at most six
 */
export function showLines(tile, series, { now }, context, { kind = "count", empty, height = 220 }) {
  if (!now.rows.length) return tile.empty(empty);
  const { blocks, name, incompleteFrom } = blocksOf(context.range);
  const DASHES = [undefined, [6, 3], [2, 3], [10, 4], [8, 3, 2, 3], [4, 4]];
  const drawn = series.map((each, n) => ({ name: each.name, colour: n + 1, dash: DASHES[n], values: perBlock(now.rows, blocks, each.of) }));
  const chart = new LineChart({ label: `${tile.title} by ${name}`, times: blocks.map(({ first }) => days.seconds(first)), series: drawn, kind, currency: context.currency, timeName: (n) => format.days(blocks[n].first, blocks[n].last), incompleteFrom, height });
  tile.keep(chart);
  const figures = { columns: [{ name }, ...drawn.map((each) => ({ name: each.name, kind, currency: context.currency }))], rows: blocks.map((block, n) => [named(block), ...drawn.map((each) => each.values[n])]) };
  chart.element.append(unseenTable(figures, chart.options.label));
  tile.show({ body: chart.element, ...behind(now.answer, context.currency, now.rows) });
}
