/* Live: what happens now. One query for the window, then changes as they come. */

import { ask, cautionOf, definition, query, tableOf } from "../api.js";
import { LineChart } from "../charts/line.js";
import { ofCurrency, share, total } from "../data.js";
import * as days from "../days.js";
import * as decimal from "../decimal.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { linkTo } from "../address.js";
import { Live } from "../live.js";
import { Tile, section } from "../tile.js";

const KEYS = {
  sales_daily: ["day", "currency"],
  sales_minutely: ["minute", "currency"],
  activity_minutely: ["minute"],
  funnel_daily: ["day"],
  carts_daily: ["day"],
  users_daily: ["day"],
  payments_daily: ["day", "currency"],
  orders: ["event_id"],
  visits: [],
};
const MINUTES = 60;
const STEP_SECONDS = 300;
const MOST_ORDERS = 12;
const SIMULATE = "./shop simulate --live --rate 10";
const ALERTS_MS = 10_000;

export function open(context) {
  return new LivePage(context);
}

class LivePage {
  constructor(context) {
    this.context = context;
    this.knowsNewest = true;
    const about = (name, ...columns) => definition(name, ...columns);
    this.tiles = {
      net: new Tile({ id: "net", title: "Net revenue today", definition: about("sales_daily", "net", "gross", "refunds", "cancelled"), key: true, span: 6, height: 260 }),
      orders: new Tile({ id: "orders", title: "Orders today", definition: about("sales_daily", "orders") }),
      average: new Tile({ id: "average", title: "Average order value today", definition: about("sales_daily", "average_order_value") }),
      visitors: new Tile({ id: "visitors", title: "Visitors now", definition: about("visits_now", "visitors_5_minutes", "visitors_30_minutes") }),
      conversion: new Tile({ id: "conversion", title: "Conversion today", definition: about("funnel_daily", "conversion_rate", "converted", "sessions") }),
      carts: new Tile({ id: "carts", title: "Carts open", definition: about("visits_now", "open_carts") }),
      checkouts: new Tile({ id: "checkouts", title: "Checkouts under way", definition: about("visits_now", "open_checkouts") }),
      rate: new Tile({ id: "rate", title: "Events by minute", definition: about("activity_minutely", "events"), plain: true, span: 8, height: 220 }),
      last: new Tile({ id: "last", title: "Last orders", definition: about("last_orders", "at", "value", "units"), plain: true, span: 4, height: 220 }),
      alerts: new Tile({ id: "alerts", title: "Alerts", definition: "Servers that do not answer, jobs that do not run, events that are not counted yet or were refused. The page Pipeline has all of it.", plain: true, span: 12 }),
    };
    this.tiles.net.element.classList.add("rows-3");
    const t = this.tiles;
    this.banner = el("div.banner.plain", { hidden: true, role: "status" });
    this.today = section("Today", t.net, t.orders, t.average, t.visitors, t.conversion, t.carts, t.checkouts);
    this.element = el("div", {}, this.banner, this.today, section("Now", t.rate, t.last, t.alerts));
    this.minutes = new Map();
    this.doubtful = [];
    this.live = new Live({ url: "/api/live", keys: KEYS, onDraw: (window) => this.draw(window), onState: (state) => this.state(state) });
    this.alerting = setInterval(() => !document.hidden && this.#alerts(), ALERTS_MS);
    this.#alerts();
    this.clock = setInterval(() => this.live.window.seq !== null && this.draw(this.live.window), 10_000);
  }

  load(context) {
    const changed = context.currency !== this.context.currency;
    this.context = context;
    if (changed && this.live.window.seq !== null) this.draw(this.live.window);
  }

  close() {
    clearInterval(this.clock);
    clearInterval(this.alerting);
    this.live.close();
    for (const tile of Object.values(this.tiles)) tile.release();
  }

  state({ connected, since, stale }) {
    const lost = since ? `connection lost at ${format.clock(since, undefined, true)}` : stale.length ? `${stale.map(({ server }) => server).join(" and ")} does not answer` : "";
    const from = since ?? (stale.length && stale[0].since ? Date.parse(stale[0].since) : null);
    this.trouble = lost && `Not up to date${from ? ` since ${format.clock(from, undefined, true)}` : ""}: ${lost}. This page tries again by itself.`;
    this.context.header.fresh(this.newest ?? this.context.shop.newest_event, lost);
    if (this.trouble) for (const tile of Object.values(this.tiles)) tile.stale(this.trouble);
    else if (connected) this.yesterday(); // and draws
  }

  /* Today's and yesterday's minutes, for the curve; the window's rows replace them. */
  async yesterday() {
    const { shop } = this.context;
    const today = days.dayAt(Date.now(), shop.time_zone);
    try {
      const answer = await query("sales_minutely", { from: days.plus(today, -1), to: today });
      this.minutes = new Map(answer.rows.map((row) => [`${Date.parse(row.minute)} ${row.currency}`, row]));
      this.minutesAnswer = answer;
    } catch {
      this.minutesAnswer = null; // the curve alone is missing; the figures come from the window
    }
    if (this.live.window.seq !== null) this.draw(this.live.window);
  }

  draw(window) {
    const { shop, currency, header } = this.context;
    const now = Date.now();
    const today = days.dayAt(now, shop.time_zone);
    const newest = window.rows("activity_minutely").concat(window.rows("sales_minutely")).map((row) => row.minute).sort().at(-1);
    const updated = Object.values(window.updatedAt).filter(Boolean).sort().at(-1);
    this.newest = newest && now - Date.parse(newest) < 120_000 && updated > newest ? updated : (newest ?? shop.newest_event);
    header.fresh(this.newest, this.trouble && this.trouble.split(": ")[1]);
    this.#sayHistory(now);
    const sales = ofCurrency(window.rows("sales_daily"), currency).filter((row) => row.day === today);
    this.#sales(sales, window, now, today);
    this.#visits(window, now);
    this.#conversion(window.rows("funnel_daily").filter((row) => row.day === today), window);
    this.#rate(window, now);
    this.#orders(window);
    if (this.trouble) for (const tile of Object.values(this.tiles)) tile.stale(this.trouble);
  }

  async #alerts() {
    const tile = this.tiles.alerts;
    try {
      const answer = await ask("/api/pipeline");
      this.doubtful = answer.doubtful ?? [];
      if (this.live.window.seq !== null) this.draw(this.live.window);
      const alerts = alertsOf(answer);
      const items = alerts.map(([grade, text, more]) => el("li", {}, el(`span.feed-main.${grade}`, { text }), el("span.feed-more", { text: more ?? "", dir: "auto" })));
      const list = items.length ? el("ol.feed.sentences", {}, ...items) : el("p.better", { text: "Nothing to look at: every server answers, every job runs, every event is counted." });
      tile.show({ body: list, newest: `read ${format.clock(Date.parse(answer.at), undefined, true)}` });
    } catch (problem) {
      tile.failed(problem.message);
    }
  }

  #sayHistory(now) {
    const age = this.newest ? now - Date.parse(this.newest) : null;
    const isOld = age === null || age > 86_400_000;
    this.banner.hidden = !isOld;
    this.today.hidden = !this.newest;
    if (!isOld) return;
    const text = this.newest ? `Nothing happens now: the newest event is of ${format.day(this.newest.slice(0, 10))}.` : "No events yet. Revenue, orders, visitors and carts of today will be here, within a second of each event.";
    if (this.banner.firstChild?.textContent === text) return; // who has the link in focus keeps it
    this.banner.replaceChildren(el("p", { text }), ...(this.newest ? [el("a", { href: linkTo({ page: "sales" }), text: "Sales has the history." })] : []));
  }

  /* What stands at the foot of a tile of some results: when the first of them changed, and why it may be behind. */
  #footer(window, table, ...more) {
    const at = window.updatedAt[table];
    const results = [table, ...more];
    return { newest: at ? `updated ${format.clock(Date.parse(at), undefined, true)}` : "", caution: cautionOf({ doubtful: this.doubtful.filter((each) => results.includes(each.table)) }) };
  }

  #tableOf(name, rows) {
    const columns = rows.length ? Object.keys(rows[0]) : [];
    return tableOf({ name, parameters: {}, columns: columns.map((column) => ({ name: column, unit: unitOf(column), doc: definition(name, column) })) }, { rows, currency: this.context.currency });
  }

  #sales(rows, window, now, today) {
    const { currency, shop } = this.context;
    const minutes = this.#minutesOf(window, currency);
    const dayOf = (ms) => days.dayAt(ms, shop.time_zone);
    const earlier = minutes.filter(([ms]) => dayOf(ms) === days.plus(today, -1));
    const until = now - 86_400_000;
    const same = earlier.filter(([ms]) => ms <= until).map(([, row]) => row);
    const compared = (of) => (this.minutesAnswer ? of(same) : undefined);
    const table = this.#tableOf("sales_daily", ofCurrency(window.rows("sales_daily"), currency));
    const footer = { ...this.#footer(window, "sales_daily", "sales_minutely"), table };
    const beforeName = `yesterday until ${format.clock(now)}`;
    const net = (all) => total(all, "net") || "0";
    const orders = (all) => total(all, "orders");
    const average = (all) => decimal.quotient(total(all, "gross") || "0", orders(all));
    const chart = this.#curve(minutes.filter(([ms]) => dayOf(ms) === today), earlier, now, today);
    this.tiles.net.show({ figure: { value: net(rows), kind: "money", currency, before: compared(net), beforeName }, body: chart, ...footer });
    this.tiles.orders.show({ figure: { value: orders(rows), kind: "count", before: compared(orders), beforeName }, ...footer });
    this.tiles.average.show({ figure: { value: average(rows), kind: "money", currency, before: compared(average), beforeName }, ...footer });
  }

  #minutesOf(window, currency) {
    const rows = new Map(this.minutes);
    for (const row of window.rows("sales_minutely")) rows.set(`${Date.parse(row.minute)} ${row.currency}`, row);
    return [...rows.values()].filter((row) => row.currency === currency).map((row) => [Date.parse(row.minute), row]).sort(([a], [b]) => a - b);
  }

  /* Revenue since midnight of the shop, and yesterday's, by five minutes. */
  #curve(today, yesterday, now, day) {
    const { currency, shop } = this.context;
    const midnight = startOf(day, shop.time_zone);
    const steps = Array.from({ length: 86_400 / STEP_SECONDS + 1 }, (_, n) => midnight + n * STEP_SECONDS * 1000);
    const series = [{ name: "Today", colour: 1, area: true, values: cumulative(today, steps, now) }];
    if (yesterday.length) series.push({ name: "Yesterday", before: true, values: cumulative(yesterday, steps.map((ms) => ms - 86_400_000)) });
    const data = { times: steps.map((ms) => ms / 1000), series, timeName: (n) => format.clock(steps[n]) };
    if (this.curve && this.curve.options.series.length === series.length && this.curve.options.currency === currency) {
      this.curve.update(data);
    } else {
      this.curve = new LineChart({ ...data, label: "Net revenue since midnight", kind: "money", currency, zone: shop.time_zone, height: 240 });
      this.tiles.net.keep(this.curve);
    }
    return this.curve.element;
  }

  #visits(window, now) {
    const [visits] = window.rows("visits");
    const isNow = this.newest && now - Date.parse(this.newest) < 1_800_000;
    const of = (value) => (isNow ? (value ?? 0) : 0);
    const { visitors, carts, checkouts } = this.tiles;
    const footer = this.#footer(window, "visits", "sessions");
    const table = this.#tableOf("activity_minutely", window.rows("activity_minutely").toSorted((a, b) => (a.minute < b.minute ? 1 : -1)));
    visitors.show({ figure: { value: of(visits?.visitors_5_minutes), kind: "count", unit: "in 5 min" }, note: `${format.whole(of(visits?.visitors_30_minutes), "count")} in 30 min`, table, ...footer });
    carts.show({ figure: { value: of(visits?.open_carts), kind: "count" }, ...footer });
    checkouts.show({ figure: { value: of(visits?.open_checkouts), kind: "count" }, ...footer });
  }

  #conversion(rows, window) {
    const [row] = rows;
    const table = this.#tableOf("funnel_daily", window.rows("funnel_daily"));
    this.tiles.conversion.show({ figure: { value: row ? share(row.converted, row.sessions) : null, kind: "share" }, note: row ? `${format.whole(row.converted, "count")} of ${format.whole(row.sessions, "count")} sessions` : "no sessions yet today", table, ...this.#footer(window, "funnel_daily") });
  }

  #rate(window, now) {
    const rows = window.rows("activity_minutely");
    const byMinute = new Map(rows.map((row) => [Date.parse(row.minute), row]));
    const last = Math.floor(now / 60_000) * 60_000;
    const minutes = Array.from({ length: MINUTES }, (_, n) => last - (MINUTES - 1 - n) * 60_000);
    const found = minutes.map((ms) => byMinute.get(ms)?.events ?? 0);
    if (!found.some(Boolean)) {
      this.rate = undefined;
      this.tiles.rate.release();
      return this.tiles.rate.empty("No events in the last hour. A simulated shop sends some:", SIMULATE);
    }
    const data = { times: minutes.map((ms) => ms / 1000), series: [{ name: "Events", colour: 1, bars: true, values: found }], timeName: (n) => format.clock(minutes[n]), incompleteFrom: MINUTES - 1 };
    if (this.rate) this.rate.update(data);
    else {
      this.rate = new LineChart({ ...data, label: "Events by minute, the last hour", kind: "count", zone: this.context.shop.time_zone, height: 220 });
      this.tiles.rate.keep(this.rate);
    }
    this.tiles.rate.show({ body: this.tiles.rate.body.contains(this.rate.element) ? undefined : this.rate.element, table: this.#tableOf("activity_minutely", rows), ...this.#footer(window, "activity_minutely") });
  }

  #orders(window) {
    const rows = window.rows("orders").toSorted((a, b) => (a.at < b.at ? 1 : -1));
    if (!rows.length) return this.tiles.last.empty("The orders of the last hours will be here.", SIMULATE);
    const items = rows.slice(0, MOST_ORDERS).map((row) => el("li", {}, el("span.feed-main", { text: row.order_id ?? "–", dir: "auto" }), el("b", { text: format.whole(row.value, "money", row.currency) }), el("span.feed-more", { dir: "auto", text: [row.country && format.country(row.country), row.units !== null && row.units !== undefined && format.counted(row.units, "unit"), row.channel].filter(Boolean).join(" · ") }), el("time.feed-more", { datetime: row.at, text: format.recent(Date.parse(row.at)) })));
    this.tiles.last.show({ body: el("ol.feed", {}, ...items), table: this.#tableOf("last_orders", rows), ...this.#footer(window, "orders", "events") });
  }
}

const MONEY = new Set(["gross", "net", "refunds", "cancelled", "average_order_value", "value", "amount"]);
const TIMES = new Set(["minute", "at"]);
const TEXTS = new Set(["currency", "order_id", "event_id", "user_id", "country", "channel"]);
const unitOf = (column) => (MONEY.has(column) ? "money" : TIMES.has(column) ? "time" : column === "day" ? "day" : TEXTS.has(column) ? "text" : column.endsWith("_rate") ? "share" : "count");

/* What somebody should look at, in words, the worst first. */
function alertsOf({ stale = [], jobs, lag, failed }) {
  const down = stale.map(({ server, reason }) => ["worse", `${server} does not answer.`, reason]);
  const none = jobs?.length === 0 ? [["warning", "No job runs, so nothing is counted.", "./shop up starts them"]] : [];
  const stopped = (jobs ?? []).filter(({ state }) => state !== "RUNNING").map(({ name, state, last_failure: why }) => ["worse", `The job ${name} is ${state.toLowerCase()}.`, why]);
  const behind = lag && !lag.settled ? [["warning", "Not every event is counted yet.", lag.words]] : [];
  const refused = failed?.total ? [["warning", `${format.counted(failed.total, "event was", "events were")} refused.`, Object.keys(failed.reasons).join(", ").replaceAll("_", " ")]] : [];
  return [...down, ...none, ...stopped, ...behind, ...refused];
}

/* The sum of net until each step; nothing after `now`. */
function cumulative(minutes, steps, now = Infinity) {
  let at = 0;
  let sum = 0;
  return steps.map((ms) => {
    while (at < minutes.length && minutes[at][0] < ms) sum += Number(minutes[at++][1].net);
    return ms - STEP_SECONDS * 1000 > now ? null : sum;
  });
}

/* The instant at which a day begins in a zone: the first of its minutes near midnight in UTC. */
function startOf(day, zone) {
  const utc = days.seconds(day) * 1000;
  const at = new Date(utc);
  const shown = new Date(at.toLocaleString("en-US", { timeZone: zone }));
  const asUtc = new Date(at.toLocaleString("en-US", { timeZone: "UTC" }));
  return utc - (shown - asUtc);
}
