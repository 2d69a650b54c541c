/* Products: what is looked at, put into carts, bought and sent back; and one product by day. */

import { linkTo } from "../address.js";
import { ask, definition, query } from "../api.js";
import { bars } from "../charts/bars.js";
import { LineChart } from "../charts/line.js";
import { perBlock, share, sumOf, total } from "../data.js";
import * as days from "../days.js";
import * as decimal from "../decimal.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { blocksOf, named } from "../ranges.js";
import { unseenTable } from "../table.js";
import { Tile, section } from "../tile.js";
import { behind } from "./rates.js";
import { View } from "./view.js";

const MOST = 10;
const FIGURES = [
  { id: "views", title: "Views", kind: "count", column: "views", columns: ["views", "purchase_rate"], note: (sums) => (sums.views ? `${percent(sums.purchases, sums.views)} bought` : "") },
  { id: "additions", title: "Put into carts", kind: "count", column: "cart_additions", columns: ["cart_additions", "cart_rate"], note: (sums) => (sums.views ? `${percent(sums.cart_additions, sums.views)} of the views` : "") },
  { id: "revenue", title: "Product revenue", kind: "money", column: "revenue", columns: ["revenue", "units"], note: (sums) => `${format.whole(sums.units, "count")} units` },
  { id: "returned", title: "Sent back", kind: "count", column: "returned_units", columns: ["returned_units", "refunded", "return_rate"], better: "down", note: (sums, currency) => `${format.whole(sums.refunded, "money", currency)} refunded` },
];
const RANKS = [
  { id: "top-revenue", title: "Most revenue", column: "revenue", kind: "money", note: (row) => `${format.whole(row.units, "count")} units` },
  { id: "top-units", title: "Most units", column: "units", kind: "count", note: (row, currency) => format.whole(row.revenue, "money", currency) },
  { id: "top-views", title: "Most looked at", column: "views", kind: "count", note: (row) => `${format.whole(row.purchase_rate, "share")} bought` },
  { id: "top-returned", title: "Most sent back", column: "returned_units", kind: "count", note: (row) => `${format.whole(row.return_rate, "share")} of the units sold` },
];
const SUMS = ["views", "cart_additions", "purchases", "units", "revenue", "returned_units", "refunded"];
const EMPTY = "No product was looked at or bought in these days.";

const percent = (a, b) => format.whole(share(a, b), "share");

/** The page of all products, or of the one in the address. */
export function open(context) {
  return context.state.product === null ? all() : one(context.state.product);
}

const figureTiles = () => FIGURES.map(({ id, title, columns }) => new Tile({ id, title, definition: definition("products_totals", ...columns) }));

function all() {
  const tiles = figureTiles();
  const ranks = RANKS.map(({ id, title, column }) => new Tile({ id, title, definition: definition("products_top", column), span: 6, plain: true, height: 420 }));
  const element = el("div", {}, section("Products", ...tiles), section("Ranks", ...ranks));
  return new View(element, [...tiles, ...ranks], { nothing: EMPTY, command: "./shop demo" }, async (context, signal) => {
    const [[now, before], best] = await Promise.all([figures(context, signal, {}), Promise.all(RANKS.map(({ column }) => top(column, context, signal)))]);
    showFigures(tiles, now, before, context);
    const titles = await titlesOf(best.flatMap(({ rows }) => rows.map((row) => row.product_id)), signal);
    RANKS.forEach((rank, n) => showRank(ranks[n], rank, best[n], context, titles));
  });
}

/* Of all products, or of one, over the days and those compared with. */
function figures({ range, currency }, signal, only) {
  const ask = ({ first, last }) => query("products_totals", { from: first, to: last, currency, ...only }, { signal });
  return Promise.all([ask(range), range.before && ask(range.before)]);
}

const top = (order, { range, currency }, signal) => query("products_top", { from: range.first, to: range.last, currency, order, limit: MOST }, { signal });

const sumsOf = ({ rows }) => Object.fromEntries(SUMS.map((column) => [column, total(rows, column)]));

function showFigures(tiles, now, before, { range, currency }) {
  const sums = sumsOf(now);
  const earlier = before?.rows.length ? sumsOf(before) : null;
  FIGURES.forEach(({ kind, column, better, note }, n) => {
    if (!now.rows.length) return tiles[n].empty("None in these days.");
    tiles[n].show({ figure: { value: sums[column], kind, currency, better, before: before ? (earlier?.[column] ?? null) : undefined, beforeName: range.before ? named(range.before) : "" }, note: note(sums, currency), ...behind(now, currency) });
  });
}

function showRank(tile, { column, kind, note }, answer, { currency }, titles) {
  const rows = answer.rows.filter((row) => Number(row[column]) > 0);
  if (!rows.length) return tile.empty("None in these days.");
  const bar = (row) => {
    const title = titles[row.product_id]?.title?.trim();
    return { name: title || row.product_id, href: linkTo({ product: row.product_id }), value: decimal.drawn(row[column]), text: format.short(row[column], kind, currency), title: format.whole(row[column], kind, currency), note: [title && row.product_id, note(row, currency)].filter(Boolean).join(" · ") };
  };
  tile.show({ body: bars(rows.map(bar)), ...behind(answer, currency) });
}

/** What is known of products, by id; nothing where nobody answers, as ids alone are enough. */
export async function titlesOf(ids, signal) {
  const uniqueIds = [...new Set(ids)].slice(0, 200);
  if (!uniqueIds.length) return {};
  try {
    return (await ask(`/api/titles?${new URLSearchParams(uniqueIds.map((id) => ["id", id]))}`, { signal })).products;
  } catch (problem) {
    if (signal?.aborted) throw problem;
    return {};
  }
}

function one(product) {
  const tiles = figureTiles();
  const byDay = new Tile({ id: "by-day", title: "Revenue over time", definition: definition("product_by_day", "revenue", "units", "views"), span: 12, plain: true, height: 260 });
  const heading = el("h2", { text: product, dir: "auto" });
  const about = el("p.secondary", { dir: "auto" });
  const head = el("div.product-head", {}, el("a", { href: linkTo({ product: null }), text: "‹ All products" }), heading, about, el("a", { href: linkTo({ page: "explorer", product, user: null }), text: "In which lists it is" }));
  const element = el("div", {}, head, section("Figures", ...tiles, byDay));
  return new View(element, [...tiles, byDay], { nothing: "Nothing was done with this product in these days." }, async (context, signal) => {
    const { range, currency } = context;
    const [[now, before], daily, titles] = await Promise.all([figures(context, signal, { product }), query("product_by_day", { from: range.first, to: range.last, product }, { signal }), titlesOf([product], signal)]);
    showFigures(tiles, now, before, context);
    const known = titles[product];
    if (known?.title?.trim()) heading.textContent = known.title;
    about.textContent = known ? [known.title && product, known.brand, known.category, known.price && format.whole(known.price, "money", known.currency), known.available === false && "sold out"].filter(Boolean).join(" · ") : "";
    showDays(byDay, daily, context, daily.rows.filter((row) => row.currency === currency));
  });
}

function showDays(tile, answer, { range, currency }, rows) {
  if (!rows.length) return tile.empty("It was not bought in these days.");
  const { blocks, name, incompleteFrom } = blocksOf(range);
  const values = perBlock(rows, blocks, sumOf("revenue"));
  const chart = new LineChart({ label: `Revenue by ${name}`, times: blocks.map(({ first }) => days.seconds(first)), series: [{ name: "Revenue", colour: 1, bars: true, values }], kind: "money", currency, timeName: (n) => named(blocks[n]), incompleteFrom });
  tile.keep(chart);
  const figures = { columns: [{ name }, { name: "revenue", kind: "money", currency }], rows: blocks.map((block, n) => [named(block), values[n]]) };
  tile.show({ body: el("div.filled", {}, chart.element, unseenTable(figures, tile.title)), ...behind(answer, currency) });
}
