/* Sales: revenue, orders and buyers over days, and what they are made of. */

import { cautionOf, definition, query, tableOf } from "../api.js";
import { LineChart } from "../charts/line.js";
import { bars, heat } from "../charts/bars.js";
import { spark } from "../charts/spark.js";
import { ofCurrency, perBlock, sumOf, total, withOther } from "../data.js";
import * as days from "../days.js";
import * as decimal from "../decimal.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { blocksOf, named } from "../ranges.js";
import { unseenTable } from "../table.js";
import { Tile, section } from "../tile.js";
import { View, newestOf } from "./view.js";

const FIGURES = [
  { id: "gross", title: "Gross revenue", kind: "money", of: (rows) => total(rows, "gross") },
  { id: "returns", title: "Refunds and cancellations", kind: "money", better: "down", columns: ["refunds", "cancelled"], of: (rows) => decimal.sum([total(rows, "refunds"), total(rows, "cancelled")]) },
  { id: "orders", title: "Orders", kind: "count", of: (rows) => total(rows, "orders") },
  { id: "average", title: "Average order value", kind: "money", columns: ["average_order_value"], of: (rows) => decimal.quotient(total(rows, "gross"), total(rows, "orders")) },
  { id: "units", title: "Units", kind: "count", of: (rows) => total(rows, "units") },
  { id: "new_buyers", title: "New buyers", kind: "count", of: (rows) => total(rows, "new_buyers") },
];
const DIMENSIONS = [["country", "Revenue by country"], ["channel", "Revenue by channel"], ["category", "Revenue by category"]];
const BOOKED = [
  ["gross_merchandise", "Merchandise before discounts"],
  ["discounts", "Discounts"],
  ["net_merchandise", "Merchandise"],
  ["shipping", "Shipping"],
  ["tax", "Tax"],
  ["total", "Paid in all"],
  ["refunds", "Refunds"],
  ["cancelled", "Cancelled"],
  ["net_total", "Kept"],
];
const AVERAGES = [["gross_merchandise", "Merchandise before discounts"], ["net_merchandise", "Merchandise"], ["total", "Paid in all"]];
const MOST_MEMBERS = 8;
const UNKNOWN = "(unknown)";
const EMPTY = "No order, refund or cancellation in these days. Choose other days, or send orders; a real shop's come with";

export function open() {
  const net = new Tile({ id: "net", title: "Net revenue", definition: definition("sales_daily", "net", "gross", "refunds", "cancelled"), key: true, span: 6, height: 300 });
  net.element.classList.add("rows-3");
  const small = FIGURES.map(({ id, title, columns = [id] }) => new Tile({ id, title, definition: definition("sales_daily", ...columns), height: 32 }));
  const buyers = new Tile({ id: "buyers", title: "New and returning buyers", definition: definition("sales_daily", "buyers", "new_buyers", "returning_buyers"), span: 5, plain: true, height: 230 });
  const hours = new Tile({ id: "hours", title: "Orders by weekday and hour", definition: definition("sales_by_hour", "weekday", "hour", "orders"), span: 7, plain: true, height: 230 });
  const parts = DIMENSIONS.map(([id, title]) => new Tile({ id: `by-${id}`, title, definition: definition("sales_by_member", "revenue", "member", "revenue_share"), span: 4, plain: true, height: 330 }));
  const booked = new Tile({ id: "booked", title: "Money as booked", definition: definition("sales_booked_daily", ...BOOKED.map(([column]) => column)), span: 7, plain: true, height: 330 });
  const averages = new Tile({ id: "averages", title: "Average order value, by what it counts", definition: definition("sales_booked_daily", ...AVERAGES.map(([column]) => `average_${column}`), "coupon_orders"), span: 5, plain: true, height: 330 });
  const element = el("div", {}, section("Sales", net, ...small), section("Where it comes from", ...parts), section("Who buys, and when", hours, buyers), section("How it is booked", booked, averages));
  return new View(element, [net, ...small, ...parts, hours, buyers, booked, averages], { nothing: EMPTY, command: "./shop demo" }, async (context, signal) => {
    await Promise.all([
      sales(context, signal).then(({ now, before }) => {
        showNet(net, now, before, context);
        FIGURES.forEach((figure, n) => showSmall(small[n], figure, now, before, context));
        showBuyers(buyers, now, context);
      }),
      showHours(hours, context, signal),
      showBooked(booked, averages, context, signal),
      ...parts.map((tile, n) => showPart(tile, DIMENSIONS[n][0], context, signal)),
    ]);
  });
}

async function sales({ range, currency }, signal) {
  const ask = async ({ first, last }) => {
    const answer = await query("sales_daily", { from: first, to: last }, { signal });
    return { answer, rows: ofCurrency(answer.rows, currency) };
  };
  const [now, before] = await Promise.all([ask(range), range.before && ask(range.before)]);
  return { now, before };
}

const beforeName = ({ range }) => (range.before ? named(range.before) : "");
const compared = (before, of) => (before ? (before.rows.length ? of(before.rows) : null) : undefined);

function shared(now, context) {
  return { table: tableOf(now.answer, { rows: now.rows, currency: context.currency }), newest: newestOf(now.answer), caution: cautionOf(now.answer) };
}

function showNet(tile, now, before, context) {
  if (!now.rows.length) return tile.empty("None in these days.");
  const { currency, range } = context;
  const { blocks, name, incompleteFrom } = blocksOf(range);
  const of = (rows) => total(rows, "net");
  const series = [{ name: "Net revenue", colour: 1, area: true, values: perBlock(now.rows, blocks, of) }];
  if (before?.rows.length) {
    const { blocks: earlier } = blocksOf(range.before);
    const values = perBlock(before.rows, earlier, of);
    series.push({ name: named(range.before), before: true, values: blocks.map((_, n) => values[n] ?? null), pointName: (n) => (earlier[n] ? format.days(earlier[n].first, earlier[n].last) : "") });
  }
  const chart = new LineChart({ label: `Net revenue by ${name}`, times: blocks.map(({ first }) => days.seconds(first)), series, kind: "money", currency, timeName: (n) => format.days(blocks[n].first, blocks[n].last), incompleteFrom, height: 260 });
  const figures = { columns: [{ name }, ...series.map((each) => ({ name: each.name, kind: "money", currency }))], rows: blocks.map((block, n) => [named(block), ...series.map((each) => each.values[n])]) };
  tile.keep(chart);
  tile.show({
    figure: { value: of(now.rows), kind: "money", currency, before: compared(before, of), beforeName: beforeName(context) },
    body: el("div.filled", {}, chart.element, unseenTable(figures, `Net revenue by ${name}`)),
    ...shared(now, context),
  });
}

function showSmall(tile, { kind, better = "up", of }, now, before, context) {
  if (!now.rows.length) return tile.empty("None in these days.");
  const { blocks } = blocksOf(context.range);
  tile.show({
    figure: { value: of(now.rows), kind, currency: context.currency, before: compared(before, of), beforeName: beforeName(context), better },
    body: spark(perBlock(now.rows, blocks, of), before?.rows.length ? perBlock(before.rows, blocksOf(context.range.before).blocks, of) : []),
    ...shared(now, context),
  });
}

function showBuyers(tile, now, context) {
  if (!now.rows.length) return tile.empty("Nobody bought in these days.");
  const { blocks, name, step, incompleteFrom } = blocksOf(context.range);
  const series = [
    { name: "Returning buyers", colour: 1, values: perBlock(now.rows, blocks, sumOf("returning_buyers")) },
    { name: "New buyers", colour: 2, values: perBlock(now.rows, blocks, sumOf("new_buyers")), dash: [6, 3] },
  ];
  const chart = new LineChart({ label: `New and returning buyers by ${name}`, times: blocks.map(({ first }) => days.seconds(first)), series, kind: "count", timeName: (n) => named(blocks[n]), incompleteFrom, height: 200 });
  const figures = { columns: [{ name }, ...series.map((each) => ({ name: each.name, kind: "count" }))], rows: blocks.map((block, n) => [named(block), ...series.map((each) => each.values[n])]) };
  tile.keep(chart);
  tile.show({ body: el("div.filled", {}, chart.element, unseenTable(figures, tile.title)), note: step > 1 ? `By ${name}; who comes back on another day counts on each.` : "", ...shared(now, context) });
}

async function showHours(tile, { range, currency }, signal) {
  const answer = await query("sales_by_hour", { from: range.first, to: range.last, currency }, { signal });
  if (!answer.rows.some((row) => row.orders)) return tile.empty("Nobody bought in these days.");
  const cells = Array.from({ length: 7 }, () => Array(24).fill(0));
  for (const row of answer.rows) cells[row.weekday - 1][row.hour] += row.orders;
  tile.show({ body: heat(cells, (value) => format.counted(value, "order"), tile.title), table: tableOf(answer, { currency }), newest: newestOf(answer), caution: cautionOf(answer) });
}

async function showBooked(tile, averages, { range, currency }, signal) {
  const answer = await query("sales_booked_daily", { from: range.first, to: range.last }, { signal });
  const rows = ofCurrency(answer.rows, currency);
  const orders = total(rows, "orders");
  const bar = (name, amount, more) => ({ name, value: decimal.drawn(amount), text: format.short(amount, "money", currency), title: format.whole(amount, "money", currency), ...more });
  const about = { table: tableOf(answer, { rows, currency }), newest: newestOf(answer), caution: cautionOf(answer) };
  if (!rows.length) tile.empty("None in these days.");
  else tile.show({ body: bars(BOOKED.map(([column, name]) => bar(name, total(rows, column)))), ...about });
  if (!orders) return averages.empty("Nobody bought in these days.");
  averages.show({ body: bars(AVERAGES.map(([column, name]) => bar(name, decimal.quotient(total(rows, column), orders)))), note: `${format.whole(total(rows, "coupon_orders") / orders, "share")} of ${format.counted(orders, "order")} had a coupon`, ...about });
}

async function showPart(tile, dimension, { range, currency, state }, signal) {
  const answer = await query("sales_by_member", { from: range.first, to: range.last, dimension, currency, limit: 1000 }, { signal });
  const { rows } = answer;
  if (!rows.length) return tile.empty("No revenue in these days.");
  if (rows.every((row) => row.member === UNKNOWN)) return tile.empty(`No order of these days names its ${dimension}.`);
  const earlier = state.compare === "year" ? "revenue_year_before" : "revenue_before";
  const sums = ["revenue", "orders", "units", earlier];
  const members = withOther(rows, MOST_MEMBERS, sums);
  const all = total(rows, "revenue");
  const shown = members.map((row) => ({ name: dimension === "country" ? format.country(row.member) : row.member, value: decimal.drawn(row.revenue), before: range.before ? decimal.drawn(row[earlier] ?? 0) : undefined, beforeText: format.whole(row[earlier] ?? 0, "money", currency), text: format.short(row.revenue, "money", currency), title: format.whole(row.revenue, "money", currency), note: `${format.whole(Number(row.revenue) / Number(all), "share")} · ${format.counted(row.orders, "order")}` }));
  tile.show({ body: bars(shown), table: tableOf(answer, { currency }), newest: newestOf(answer), caution: cautionOf(answer) });
}
