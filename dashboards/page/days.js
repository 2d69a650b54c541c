/* Days of the shop as "2011-12-09": arithmetic without a time zone. */

const DAY_MS = 86_400_000;

const parse = (day) => Date.parse(`${day}T00:00:00Z`);
const format = (ms) => new Date(ms).toISOString().slice(0, 10);

/** Whether a text is a day that exists. */
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(parse(text)) && format(parse(text)) === text;

/** The day `count` days later. */
export const plus = (day, count) => format(parse(day) + count * DAY_MS);

/** Days from the first to the last, both included. */
export const length = (first, last) => Math.round((parse(last) - parse(first)) / DAY_MS) + 1;

/** Every day from the first to the last, both included. */
export const all = (first, last) => Array.from({ length: Math.max(0, length(first, last)) }, (_, n) => plus(first, n));

/** Monday is 0. */
export const weekday = (day) => (new Date(parse(day)).getUTCDay() + 6) % 7;

/** Seconds since 1970 of its midnight in UTC: where a day is drawn. */
export const seconds = (day) => parse(day) / 1000;

/** The first day of its month. */
export const monthOf = (day) => `${day.slice(0, 7)}-01`;

/** The day of an instant in a time zone. */
export const dayAt = (ms, zone) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(ms);
