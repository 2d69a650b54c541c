/* Products: what is looked at, put into carts, bought and sent back; and one product by day. */

import { linkTo } from "../address.js";
import { ask, cautionOf, definition, query, tableOf } from "../api.js";
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
import { View, fill, newestOf } from "./view.js";

const MOST = 10;
const FIGURES = [
  { id: "views", title: "Views", kind: "count", column: "views", columns: ["views", "purchase_rate"], note: (sums) => (sums.views ? `${percent(sums.purchases, sums.views)} bought` : "") },
  { id: "additions", title: "Put into carts", kind: "count", column: "cart_additions", columns: ["cart_additions", "cart_rate"], note: (sums) => (sums.views ? `${percent(sums.cart_additions, sums.views)} of the views` : "") },
  { id: "revenue", title: "Product revenue", kind: "money", column: "revenue", columns: ["revenue", "units"], note: (sums) => format.counted(sums.units, "unit") },
  { id: "returned", title: "Sent back", kind: "count", column: "returned_units", columns: ["returned_units", "refunded", "return_rate"], better: "down", note: (sums, currency) => `${format.whole(sums.refunded, "money", currency)} refunded` },
];
const RANKS = [
  { id: "top-revenue", title: "Most revenue", column: "revenue", kind: "money", note: (row) => format.counted(row.units, "unit") },
  { id: "top-units", title: "Most units", column: "units", kind: "count", note: (row, currency) => format.whole(row.revenue, "money", currency) },
  { id: "top-views", title: "Most looked at", column: "views", kind: "count", note: (row) => `${format.whole(row.purchase_rate, "share")} bought` },
  { id: "top-returned", title: "Most sent back", column: "returned_units", kind: "count", note: (row) => `${format.whole(row.return_rate, "share")} of the units sold` },
];
const SUMS = ["views", "cart_additions", "purchases", "units", "revenue", "returned_units", "refunded"];
const UNAVAILABLE = "Products that the catalogue knows as out of stock (the newest stock of stock_changed, product_created or product_updated, and the changes since, is 0 or less) or as hidden; as of now, whatever the days. One of unknown stock is available. The top products are those of the ranks below.";
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
  const stock = new Tile({ id: "unavailable", title: "Sold out or hidden now", definition: UNAVAILABLE, span: 4 });
  const missed = new Tile({ id: "unavailable-top", title: "Top products that cannot be bought now", definition: UNAVAILABLE, span: 8, plain: true });
  const element = el("div", {}, section("Products", ...tiles, stock, missed), section("Ranks", ...ranks));
  return new View(element, [...tiles, stock, missed, ...ranks], { nothing: EMPTY, command: "./shop demo" }, async (context, signal) => {
    const [[now, before], answer] = await Promise.all([figures(context, signal, {}), top(context, signal), fill(stock, "/api/catalogue", signal, (counts) => showStock(stock, counts))]);
    showFigures(tiles, now, before, context);
    const best = RANKS.map(({ column }) => ranked(answer, column));
    const titles = await titlesOf(best.flat().map((row) => row.product_id), signal);
    RANKS.forEach((rank, n) => showRank(ranks[n], rank, best[n], answer, context, titles));
    showMissed(missed, best, titles, stock);
  });
}

/* Of all products, or of one, over the days and those compared with. */
function figures({ range, currency }, signal, only) {
  const ask = ({ first, last }) => query("products_totals", { from: first, to: last, currency, ...only }, { signal });
  return Promise.all([ask(range), range.before && ask(range.before)]);
}

/* The products of all ranks at once. */
const top = ({ range, currency }, signal) => query("products_top", { from: range.first, to: range.last, currency, order: "any", limit: MOST * RANKS.length }, { signal });

/* Those of one rank, in the order that the query of it alone has. */
const ranked = ({ rows }, column) => rows.toSorted((a, b) => Number(b[column]) - Number(a[column]) || inOrder(a.product_id, b.product_id) || inOrder(a.currency, b.currency)).slice(0, MOST).filter((row) => Number(row[column]) > 0);
const inOrder = (a, b) => (a < b ? -1 : Number(a > b));

const sumsOf = ({ rows }) => Object.fromEntries(SUMS.map((column) => [column, total(rows, column)]));

function showFigures(tiles, now, before, { range, currency }) {
  const sums = sumsOf(now);
  const earlier = before?.rows.length ? sumsOf(before) : null;
  FIGURES.forEach(({ kind, column, better, note }, n) => {
    if (!now.rows.length) return tiles[n].empty("None in these days.");
    tiles[n].show({ figure: { value: sums[column], kind, currency, better, before: before ? (earlier?.[column] ?? null) : undefined, beforeName: range.before ? named(range.before) : "" }, note: note(sums, currency), ...behind(now, currency) });
  });
}

function showStock(tile, { products, unavailable }) {
  if (!products) return tile.empty("The catalogue knows no product yet.");
  const table = { columns: [{ name: "products", kind: "count" }, { name: "sold out or hidden", kind: "count" }], rows: [[products, unavailable]] };
  tile.show({ figure: { value: unavailable, kind: "count", unit: `of ${format.whole(products, "count")}` }, note: `${percent(unavailable, products)} of the products`, newest: "as of now", table });
}

/* Products of the ranks that are not available, each with the ranks that it is in. */
function showMissed(tile, best, titles, stock) {
  if (stock.element.dataset.state === "error") return tile.failed("Nobody knows what is in stock while Redis is away.");
  const places = new Map();
  RANKS.forEach(({ title }, n) => best[n].forEach(({ product_id: id }, place) => titles[id]?.available === false && places.set(id, [...(places.get(id) ?? []), `${title.toLowerCase()}: ${place + 1}`])));
  const shown = new Set(best.flat().map((row) => row.product_id)).size;
  if (!places.size) return tile.empty(shown ? `All ${format.whole(shown, "count")} products of the ranks below are available.` : "No product is in a rank in these days.");
  const items = [...places].map(([id, ranks]) => el("li", {}, el("span.feed-main", {}, el("a.plain", { href: linkTo({ product: id }), text: titles[id].title?.trim() || id, title: id, dir: "auto" })), el("span.feed-more", { text: ranks.join(" · ") })));
  const table = { columns: [{ name: "product" }, { name: "title" }, { name: "ranks" }], rows: [...places].map(([id, ranks]) => [id, titles[id].title, ranks.join(", ")]) };
  tile.show({ body: el("ol.feed.sentences", {}, ...items), note: `${format.whole(places.size, "count")} of the ${format.whole(shown, "count")} products of the ranks below`, newest: "as of now", table });
}

function showRank(tile, { column, kind, note }, rows, answer, { currency }, titles) {
  if (!rows.length) return tile.empty("None in these days.");
  const bar = (row) => {
    const title = titles[row.product_id]?.title?.trim();
    return { name: title || row.product_id, href: linkTo({ product: row.product_id }), value: decimal.drawn(row[column]), text: format.short(row[column], kind, currency), title: format.whole(row[column], kind, currency), note: [title && row.product_id, note(row, currency), titles[row.product_id]?.available === false && "sold out or hidden"].filter(Boolean).join(" · ") };
  };
  const table = tableOf({ ...answer, parameters: { ...answer.parameters, order: column, limit: MOST } }, { rows, currency });
  tile.show({ body: bars(rows.map(bar)), table, newest: newestOf(answer), caution: cautionOf(answer) });
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
    about.textContent = known ? [known.title && product, known.brand, known.category, known.price && format.whole(known.price, "money", known.currency), known.available === false && "sold out or hidden"].filter(Boolean).join(" · ") : "";
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
