/* Which days are asked for, and which they are compared with. */

import * as days from "./days.js";
import * as format from "./format.js";

export const RANGES = [["day", "Day"], ["7d", "7 days"], ["28d", "28 days"], ["month", "Month"], ["year", "12 months"], ["all", "All"], ["custom", "Custom"]];
export const COMPARISONS = [["before", "Period before"], ["year", "Same weekdays a year ago"], ["none", "No comparison"]];

const YEAR_OF_WEEKS = 364;

/**
 * The days of a state.
 *
 * They end today, or on the newest day with data where that is longer ago: a shop whose history was imported is looked at
 * as it was.
 * What began before the shop's first day with data is not compared with: `unknown` names it.
 * @returns {{first: string, last: string, today: string, isLive: boolean, before: Days|null, unknown: Days|null}}
 * @typedef {{first: string, last: string}} Days
 */
export function rangeOf(state, shop, now = Date.now()) {
  const today = days.dayAt(now, shop.time_zone);
  const newest = shop.last_day && shop.last_day < today ? shop.last_day : today;
  const isLive = days.length(newest, today) <= 2;
  const end = isLive ? today : newest;
  const [first, last] = {
    day: () => [end, end],
    "7d": () => [days.plus(end, -6), end],
    "28d": () => [days.plus(end, -27), end],
    month: () => [days.monthOf(end), end],
    year: () => [days.plus(end, -364), end],
    all: () => [shop.first_day ?? end, end],
    custom: () => [state.from, state.to],
  }[state.range]();
  const before = compared(state.compare, first, last);
  const isKnown = before && !(shop.first_day && before.first < shop.first_day);
  return { first, last, today, isLive, before: isKnown ? before : null, unknown: isKnown ? null : before };
}

function compared(comparison, first, last) {
  if (comparison === "none") return null;
  const back = comparison === "year" ? YEAR_OF_WEEKS : days.length(first, last);
  return { first: days.plus(first, -back), last: days.plus(last, -back) };
}

/** The days of a range in words. */
export const named = ({ first, last }) => format.days(first, last);

const STEPS = [[92, 1, "day"], [730, 7, "week"], [Infinity, 28, "four weeks"]];

/**
 * Blocks of days for a chart: days, or weeks where there are many, counted from the first day.
 * @returns {{step: number, name: string, blocks: {first: string, last: string}[], incompleteFrom: number|null}}
 */
export function blocksOf({ first, last, today }) {
  const [, step, name] = STEPS.find(([most]) => days.length(first, last) <= most);
  const blocks = [];
  for (let day = first; day <= last; day = days.plus(day, step)) {
    const end = days.plus(day, step - 1);
    blocks.push({ first: day, last: end < last ? end : last });
  }
  const whole = blocks.findIndex((block) => days.length(block.first, block.last) < step || (today && block.last >= today));
  return { step, name, blocks, incompleteFrom: whole === -1 ? null : whole };
}
