/* Starts the page: what there is to ask, the header, and the page that the address names. */

import { address, linkTo, onChange } from "./address.js";
import { ask, describe } from "./api.js";
import { el } from "./dom.js";
import * as format from "./format.js";
import { Header } from "./header.js";
import { rangeOf } from "./ranges.js";
import { signIn } from "./sign-in.js";

const PAGES = [
  { id: "live", title: "Live", load: () => import("./pages/live.js") },
  { id: "sales", title: "Sales", ranged: true, load: () => import("./pages/sales.js") },
  { id: "products", title: "Products", ranged: true, load: () => import("./pages/products.js") },
  { id: "customers", title: "Customers", ranged: true, load: () => import("./pages/customers.js") },
  { id: "visits", title: "Funnel and visits", ranged: true, money: false, load: () => import("./pages/visits.js") },
  { id: "search", title: "Search", ranged: true, money: false, load: () => import("./pages/search.js") },
  { id: "payments", title: "Payments", ranged: true, load: () => import("./pages/payments.js") },
  { id: "recommendations", title: "Recommendations", ranged: true, load: () => import("./pages/recommendations.js") },
  { id: "explorer", title: "Explorer", money: false, load: () => import("./pages/explorer.js") },
  { id: "pipeline", title: "Pipeline", money: false, load: () => import("./pages/pipeline.js") },
];
const REFRESH_MS = 30_000;
const RETRY_MS = 2_000;
const STALE_EVENT_MS = 86_400_000;

const main = document.getElementById("main");
const header = new Header(document.getElementById("top"), PAGES);
let meta;
let shown;
let refreshing;
let isRefreshing = false;

async function readMeta() {
  meta = await ask("/api/meta");
  describe(meta);
  format.useZone(meta.shop.time_zone);
  if (!shown?.view.knowsNewest) header.fresh(meta.shop.newest_event);
}

/* Without a page in the address: Live where something happens, Sales where all is history. */
function pageOf(state) {
  const asked = new URLSearchParams(location.search).get("page");
  const isHistory = meta.shop.newest_event && Date.now() - Date.parse(meta.shop.newest_event) > STALE_EVENT_MS;
  const id = asked ?? (isHistory ? "sales" : state.page);
  return PAGES.find((page) => page.id === id) ?? PAGES[0];
}

async function show() {
  const state = address();
  const page = pageOf(state);
  const currency = meta.shop.currencies.includes(state.currency) ? state.currency : (meta.shop.currencies[0] ?? null);
  const context = { state, shop: meta.shop, currency, range: rangeOf(state, meta.shop), header };
  header.show({ ...context, page });
  const id = page.id === "products" ? `products ${state.product}` : page.id;
  if (shown?.id !== id) {
    const { open } = await page.load();
    if (linkTo({}) !== linkTo({ ...state, table: null })) return; // another state was asked for meanwhile
    shown?.view.close?.();
    shown = { id, view: open(context) };
    main.replaceChildren(shown.view.element);
    scrollTo(0, 0);
  }
  const { view } = shown;
  await view.load(context);
  if (view.isOutdated) refreshIn(RETRY_MS);
}

function refreshIn(ms) {
  clearTimeout(refreshing);
  refreshing = setTimeout(refresh, ms);
}

/* Now and then, sooner while something is away, and at once when somebody looks again. */
async function refresh() {
  refreshIn(REFRESH_MS);
  if (document.hidden || isRefreshing || !shown) return;
  isRefreshing = true;
  try {
    await readMeta();
    if (shown.view.refreshes && (shown.view.isOutdated || rangeOf(address(), meta.shop).isLive)) await show();
  } catch (problem) {
    if (!shown.view.knowsNewest) header.fresh(meta.shop.newest_event, `${problem.server || "the service"} does not answer`);
    shown.view.outdate?.(problem);
    if (problem.passes) refreshIn(RETRY_MS);
  } finally {
    isRefreshing = false;
  }
}

async function start() {
  try {
    await readMeta();
  } catch (problem) {
    if (problem.status === 401) return main.replaceChildren(signIn(start));
    main.replaceChildren(el("div.banner", { role: "alert" }, el("p", { text: `${problem.message} This page tries again every two seconds; ./shop status says what is down.` })));
    setTimeout(start, RETRY_MS);
    return;
  }
  onChange(show);
  document.addEventListener("visibilitychange", refresh);
  refreshIn(REFRESH_MS);
  await show();
}

start();
