/* Customers: who comes back to buy, how customers differ, and what they are expected to be worth. */

import { linkTo } from "../address.js";
import { definition, query } from "../api.js";
import { bars } from "../charts/bars.js";
import { cohorts } from "../charts/cohorts.js";
import * as days from "../days.js";
import * as decimal from "../decimal.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { named } from "../ranges.js";
import { drawTable } from "../table.js";
import { Tile, section } from "../tile.js";
import { behind } from "./rates.js";
import { View } from "./view.js";

const FIGURES = [
  { id: "repeat-rate", title: "Repeat rate", kind: "share", columns: ["repeat_rate", "repeat_customers", "customers"], of: (row) => row.repeat_rate, note: (row) => `${format.whole(row.repeat_customers, "count")} of ${format.counted(row.customers, "customer")}` },
  { id: "customers", title: "Customers", kind: "count", columns: ["customers", "new_customers"], of: (row) => row.customers, note: (row) => `${format.whole(row.new_customers, "count")} of them new` },
  { id: "orders-per-customer", title: "Orders a customer", kind: "number", columns: ["orders_per_customer", "orders", "customers"], of: (row) => row.orders_per_customer, note: (row) => format.counted(row.orders, "order") },
  { id: "days-between", title: "Days between orders", kind: "number", better: null, columns: ["median_days_between", "average_days_between", "gaps"], of: (row) => row.median_days_between, note: (row) => `in the middle; ${format.whole(row.average_days_between, "number")} on average` },
];
const NONE = "Nobody bought in these days.";
const EMPTY = "No orders in these days. They come as events of the type purchase.";
const NOT_COMPUTED = "Nothing was computed yet, or too few customers buy in this currency. Expected values are made by";
const COMMAND = "./shop customer-values";
const MOST_COHORTS = 24;
const MOST_CUSTOMERS = 10;
const BUCKETS = 12;

/* Few days have cohorts of days, many have months. */
const STEPS = [[14, "day"], [120, "week"], [Infinity, "month"]];
const stepOf = ({ first, last }) => STEPS.find(([most]) => days.length(first, last) <= most)[1];
const NAMES = { day: (cohort) => format.day(cohort), week: (cohort) => format.day(cohort), month: (cohort) => format.day(cohort, { day: undefined }) };

export function open() {
  const figures = FIGURES.map(({ id, title, columns }) => new Tile({ id, title, definition: definition("customers_repeat", ...columns) }));
  const bought = new Tile({ id: "cohorts-bought", title: "Who bought again", definition: definition("cohorts_by_first_purchase", "cohort", "cohort_customers", "buyers", "retention"), span: 12, plain: true, height: 320 });
  const came = new Tile({ id: "cohorts-came", title: "Who came again", definition: definition("cohorts_by_first_visit", "cohort", "cohort_users", "active_users", "retention"), span: 12, plain: true, height: 320 });
  const segments = new Tile({ id: "segments", title: "Segments", definition: definition("rfm_segments", "segment", "customers", "net", "net_share"), span: 4, plain: true, height: 420 });
  const best = new Tile({ id: "best", title: "Value to date", definition: definition("customers_top", "net", "gross", "segment", "orders"), span: 4, plain: true, height: 420 });
  const between = new Tile({ id: "between", title: "Days until the next order", definition: definition("days_between_orders", "first_day", "last_day", "orders", "orders_share"), span: 4, plain: true, height: 420 });
  const value = new Tile({ id: "expected-value", title: "Expected value", definition: definition("customers_expected", "expected_value", "days", "as_of", "customers") });
  const orders = new Tile({ id: "expected-orders", title: "Expected orders", definition: definition("customers_expected", "expected_orders", "active_customers") });
  const checked = new Tile({ id: "expected-checked", title: "How sure that is", definition: definition("customers_expected_checked", "orders_error", "value_error", "expected_value", "value"), span: 6, plain: true, height: 120 });
  const promising = new Tile({ id: "expected-best", title: "Most expected of", definition: definition("customers_expected_top", "expected_value", "expected_orders", "alive"), span: 12, plain: true, height: 200 });
  const tiles = [...figures, bought, came, segments, best, between, value, orders, checked, promising];
  const element = el("div", {}, section("Customers", ...figures), section("Who comes back", bought, came), section("How customers differ", segments, best, between), section("What is expected of them", value, orders, checked, promising));
  return new View(element, tiles, { nothing: EMPTY, command: "./shop simulate" }, async (context, signal) => {
    const { range, currency } = context;
    const asked = { from: range.first, to: range.last };
    await Promise.all([
      showFigures(figures, context, signal),
      showCohorts(bought, "cohorts_by_first_purchase", ["cohort_customers", "buyers"], context, signal),
      showCohorts(came, "cohorts_by_first_visit", ["cohort_users", "active_users"], context, signal),
      query("rfm_segments", { ...asked, currency }, { signal }).then((answer) => showSegments(segments, answer, currency)),
      query("customers_top", { ...asked, currency, limit: 100 }, { signal }).then((answer) => showBest(best, answer, currency)),
      query("days_between_orders", { ...asked, bucket: 7 }, { signal }).then((answer) => showBetween(between, answer)),
      showExpected({ value, orders, checked, promising }, currency, signal),
    ]);
  });
}

async function showFigures(tiles, { range }, signal) {
  const ask = ({ first, last }) => query("customers_repeat", { from: first, to: last }, { signal });
  const [now, before] = await Promise.all([ask(range), range.before && ask(range.before)]);
  const [row] = now.rows;
  FIGURES.forEach(({ kind, better = "up", of, note }, n) => {
    if (!row) return tiles[n].empty(NONE);
    const earlier = before ? (before.rows.length ? of(before.rows[0]) : null) : undefined;
    tiles[n].show({ figure: { value: of(row), kind, better, before: earlier, beforeName: range.before ? named(range.before) : "" }, note: of(row) === null ? "" : note(row), ...behind(now) });
  });
}

async function showCohorts(tile, name, [people, came], { range }, signal) {
  const step = stepOf(range);
  const answer = await query(name, { from: range.first, to: range.last, period: step }, { signal });
  if (!answer.rows.length) return tile.empty("Nobody came for the first time in these days.");
  const kept = new Set([...new Set(answer.rows.map((row) => row.cohort))].slice(-MOST_COHORTS));
  const rows = answer.rows.filter((row) => kept.has(row.cohort)).map((row) => ({ cohort: row.cohort, number: row.number, people: row[people], came: row[came], share: row.retention }));
  tile.show({ body: cohorts(rows, `${tile.title}, by ${step}`, NAMES[step], step), note: `By ${step} of the first one; the newest ${step} is not over yet.`, ...behind(answer) });
}

function showSegments(tile, answer, currency) {
  if (!answer.rows.length) return tile.empty(NONE);
  tile.show({ body: bars(answer.rows.map((row) => ({ name: row.segment, value: row.customers, text: format.whole(row.customers, "count"), note: `${format.whole(row.net, "money", currency)} · ${format.whole(row.net_share, "share")} of net` }))), ...behind(answer, currency) });
}

function showBest(tile, answer, currency) {
  if (!answer.rows.length) return tile.empty(NONE);
  tile.show({ body: bars(answer.rows.slice(0, MOST_CUSTOMERS).map((row) => ({ name: row.user_id, href: linkTo({ page: "explorer", user: row.user_id }), value: decimal.drawn(row.net), text: format.whole(row.net, "money", currency), note: `${format.counted(row.orders, "order")} · ${row.segment}` }))), ...behind(answer, currency) });
}

function showBetween(tile, answer) {
  if (!answer.rows.length) return tile.empty("Nobody ordered again in these days.");
  const rest = answer.rows.slice(BUCKETS);
  const rows = answer.rows.slice(0, BUCKETS).map((row) => ({ name: `${row.first_day} to ${row.last_day}`, value: row.orders, text: format.whole(row.orders, "count"), note: format.whole(row.orders_share, "share") }));
  const sum = (column) => rest.reduce((all, row) => all + row[column], 0);
  if (rest.length) rows.push({ name: `${rest[0].first_day} and more`, value: sum("orders"), text: format.whole(sum("orders"), "count"), note: format.whole(sum("orders_share"), "share") });
  tile.show({ body: bars(rows), ...behind(answer) });
}

/* Computed now and then, of all days: the range does not matter. */
async function showExpected({ value, orders, checked, promising }, currency, signal) {
  const [all, top, errors] = await Promise.all(["customers_expected", "customers_expected_top", "customers_expected_checked"].map((name) => query(name, { currency }, { signal })));
  const [row] = all.rows;
  if (!row) {
    for (const tile of [value, orders, checked, promising]) tile.empty(NOT_COMPUTED, COMMAND);
    return;
  }
  const until = `of ${format.counted(row.customers, "customer")}, in the ${format.counted(row.days, "day")} after ${format.day(row.as_of)}`;
  value.show({ figure: { value: row.expected_value, kind: "money", currency }, note: until, ...behind(all, currency) });
  orders.show({ figure: { value: Math.round(row.expected_orders), kind: "count" }, note: `${format.whole(Math.round(row.active_customers), "count")} customers are expected to be active`, ...behind(all, currency) });
  promising.show({ body: bars(top.rows.slice(0, MOST_CUSTOMERS).map((each) => ({ name: each.user_id, href: linkTo({ page: "explorer", user: each.user_id }), value: decimal.drawn(each.expected_value), text: format.whole(each.expected_value, "money", currency), note: `${format.whole(each.expected_orders, "number")} orders · active with ${format.whole(each.alive, "share")}` }))), ...behind(top, currency) });
  if (!errors.rows.length) return checked.empty(`That takes ${2 * row.days} days of orders: as many again are left out and compared with what came.`);
  const columns = [{ name: "days left out" }, { name: "orders", kind: "count" }, { name: "error", kind: "share" }, { name: "value", kind: "money", currency }, { name: "error", kind: "share" }];
  const rows = errors.rows.map((each) => [format.days(each.first_day, each.last_day), each.orders, each.orders_error, each.value, each.value_error]);
  checked.show({ body: el("div.scroll", { tabindex: 0, role: "region", "aria-label": checked.title }, drawTable({ columns, rows }, checked.title)), note: "The same models, fitted to what was known before days that were left out.", ...behind(errors, currency) });
}
