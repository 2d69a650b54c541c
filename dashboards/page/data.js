/* Rows into what tiles and charts take. Sums are exact. */

import * as decimal from "./decimal.js";

/** Rows of one currency; all of them where the rows have none. */
export const ofCurrency = (rows, currency) => rows.filter((row) => row.currency === undefined || row.currency === currency);

/** The sum of a column, exact; counts as numbers, amounts as text. */
export function total(rows, column) {
  const values = rows.map((row) => row[column]);
  return values.some((value) => typeof value === "string") ? decimal.sum(values) : values.reduce((sum, value) => sum + (value ?? 0), 0);
}

/** What `of` makes of the rows of each block of days, as numbers to draw. */
export function perBlock(rows, blocks, of) {
  const byDay = Map.groupBy(rows, (row) => row.day);
  const days = [...byDay.keys()].sort();
  let at = 0;
  return blocks.map(({ first, last }) => {
    const found = [];
    while (at < days.length && days[at] < first) at++;
    while (at < days.length && days[at] <= last) found.push(...byDay.get(days[at++]));
    return decimal.drawn(of(found));
  });
}

/** Sums a column; see `total`. */
export const sumOf = (column) => (rows) => total(rows, column);

/** The members of a column with the sums of others, the largest of `by` first. */
export function grouped(rows, column, sums, by = sums[0]) {
  const groups = [...Map.groupBy(rows, (row) => row[column])].map(([member, all]) => ({ member, ...Object.fromEntries(sums.map((name) => [name, total(all, name)])) }));
  return groups.sort((a, b) => Number(b[by]) - Number(a[by]));
}

/** The first `most` of sorted rows, and one more, "other", with the sums of the rest. */
export function withOther(rows, most, sums) {
  if (rows.length <= most + 1) return rows;
  const rest = rows.slice(most);
  return [...rows.slice(0, most), { member: `${rest.length} others`, isOther: true, ...Object.fromEntries(sums.map((name) => [name, total(rest, name)])) }];
}

/** a / b, or null where b is 0. */
export const share = (a, b) => (Number(b) ? Number(a) / Number(b) : null);
