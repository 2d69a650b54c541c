/* What is looked at is in the address: page, range, comparison, currency, filter, open table. */

import { isDay } from "./days.js";

const DEFAULTS = { page: "live", range: "28d", from: null, to: null, compare: "before", currency: null, dimension: null, product: null, user: null, search: null, table: null };
const CHOICES = { range: ["day", "7d", "28d", "month", "year", "all", "custom"], compare: ["before", "year", "none"] };

const listeners = new Set();

/** The state that the address says; what it does not say, or says wrongly, is the default. */
export function address(query = location.search) {
  const given = new URLSearchParams(query);
  const state = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) if (given.has(key)) state[key] = given.get(key);
  for (const [key, choices] of Object.entries(CHOICES)) if (!choices.includes(state[key])) state[key] = DEFAULTS[key];
  if (state.range === "custom" && !(isDay(state.from) && isDay(state.to) && state.from <= state.to)) state.range = DEFAULTS.range;
  if (state.range !== "custom") state.from = state.to = null;
  if (state.currency && !/^[A-Z]{3}$/.test(state.currency)) state.currency = null;
  return state;
}

/** The address of the present state with some of it changed. */
export function linkTo(changes) {
  const state = { ...address(), table: null, ...changes };
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value !== null && value !== DEFAULTS[key]) query.set(key, value);
  return query.size ? `?${query}` : location.pathname;
}

/**
 * Goes to another state.
 * @param {object} changes
 * @param {{quietly?: boolean}} [how]  quietly: in place of the present entry of the history, and nobody is told
 */
export function change(changes, { quietly = false } = {}) {
  const link = linkTo(changes);
  if (quietly) return history.replaceState(null, "", link);
  history.pushState(null, "", link);
  tell();
}

const tell = () => listeners.forEach((listener) => listener(address()));

/** Calls `listener` with each further state. */
export function onChange(listener) {
  listeners.add(listener);
}

addEventListener("popstate", tell);

/* Links within the page change the state without loading it again. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='?']");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  tell();
});
