/* Figures as the viewer's locale writes them, money in the shop's currency, times in the shop's zone. */

const MINUS = "−";
const formats = new Map();

function number(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(undefined, options));
  return formats.get(key);
}

/* Intl writes U+002D for a minus in some locales. */
const signed = (text) => text.replace(/^-|(?<=\s)-/, MINUS);
const write = (options, value) => signed(number(options).format(value));

export const NOTHING = "–";

let zoneOfShop = "UTC";

/** Times are written in this zone from now on. */
export const useZone = (zone) => {
  zoneOfShop = zone;
};

function currencyOptions(currency) {
  try {
    number({ style: "currency", currency });
    return { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  } catch {
    return { minimumFractionDigits: 2, maximumFractionDigits: 2 }; // a code that is none: the figure without a sign
  }
}

/* A figure's kind is the unit of its column, as the service names them; bytes are ours. */
const KINDS = {
  count: { whole: () => ({ maximumFractionDigits: 0 }) },
  money: { whole: currencyOptions },
  share: { whole: () => ({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }) },
  number: { whole: () => ({ minimumFractionDigits: 2, maximumFractionDigits: 2 }) },
};

const isEmpty = (value) => value === null || value === undefined || value === "";

/** A figure in whole. `value` is a number, or a decimal as a text. */
export function whole(value, kind, currency) {
  if (isEmpty(value)) return NOTHING;
  if (kind === "seconds") return duration(Number(value));
  if (kind === "bytes") return bytes(Number(value));
  if (kind === "text") return String(value);
  if (kind === "day") return longDay(value);
  if (kind === "time") return moment(Date.parse(value), zoneOfShop, true);
  return write(KINDS[kind].whole(currency), value);
}

/** A figure with no more than about four digits: 1.23M; for axes and where the tooltip has the whole one. */
export function short(value, kind, currency) {
  if (isEmpty(value) || !["count", "money"].includes(kind) || Math.abs(Number(value)) < 10_000) {
    return kind === "money" && !isEmpty(value) && Number.isInteger(Number(value))
      ? write({ ...currencyOptions(currency), minimumFractionDigits: 0, maximumFractionDigits: 0 }, value)
      : whole(value, kind, currency);
  }
  const options = kind === "money" ? currencyOptions(currency) : {};
  return write({ ...options, notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 }, value);
}

/** "31%" of a share: where many stand beside one another. */
export const percent = (share) => write({ style: "percent", maximumFractionDigits: 0 }, share);

/** "1 unit", "3 units". */
export const counted = (value, one, many = `${one}s`) => `${whole(value, "count")} ${Number(value) === 1 ? one : many}`;

/** "+4.2%" of a share. */
export const change = (share) => write({ style: "percent", maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0, signDisplay: "exceptZero" }, share);

const UNITS = [[86_400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

/** "3 min 20 sec", at most two units; below a second "840 ms". */
export function duration(seconds) {
  const unit = (value, name, digits = 0) =>
    number({ style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  if (Math.abs(seconds) < 1) return unit(seconds * 1000, "millisecond");
  if (Math.abs(seconds) < 10) return unit(seconds, "second", 1);
  let rest = Math.round(seconds);
  const parts = [];
  for (const [length, name] of UNITS) {
    if (rest >= length && parts.length < 2) parts.push(unit(Math.floor(rest / length), name));
    rest %= length;
  }
  return parts.join(" ");
}

/** "1.2 GB" */
export function bytes(value) {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const at = Math.min(names.length - 1, value > 0 ? Math.floor(Math.log10(value) / 3) : 0);
  return number({ style: "unit", unit: names[at], unitDisplay: "short", maximumFractionDigits: at ? 1 : 0 }).format(value / 1000 ** at);
}

/** "2 minutes ago"; what lies ahead is now. */
export function ago(seconds) {
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
  const [length, name] = UNITS.find(([each]) => seconds >= each) ?? [1, "second"];
  return relative.format(-Math.floor(Math.max(0, seconds) / length), name);
}

const dateFormats = new Map();

function date(options) {
  const key = JSON.stringify(options);
  if (!dateFormats.has(key)) dateFormats.set(key, new Intl.DateTimeFormat(undefined, options));
  return dateFormats.get(key);
}

const atMidnight = (text) => Date.parse(`${text}T00:00:00Z`);

/** "9 Dec 2011": the month in letters, so that no reader takes it for another day. */
export const day = (text, options = {}) =>
  date({ timeZone: "UTC", day: "numeric", month: "short", year: "numeric", ...options }).format(atMidnight(text));

/** "Fri, 9 Dec 2011" */
export const longDay = (text) => day(text, { weekday: "short" });

/** "12 Nov – 9 Dec 2011" */
export function days(first, last) {
  if (first === last) return longDay(first);
  return date({ timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).formatRange(atMidnight(first), atMidnight(last));
}

/** "14:05" of an instant in ms, in the shop's zone. */
export const clock = (ms, zone = zoneOfShop, seconds = false) =>
  date({ timeZone: zone, hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) }).format(ms);

/** "9 Dec 2011, 14:05" in the shop's zone. */
export const moment = (ms, zone = zoneOfShop, seconds = false) =>
  date({ timeZone: zone, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) }).format(ms);

/** Of the last twelve hours the clock with seconds, of what is older the day as well. */
export const recent = (ms) => (Date.now() - ms < 43_200_000 ? clock(ms, undefined, true) : moment(ms));

/** "Mon" of 0 */
export const weekdayName = (index) => date({ timeZone: "UTC", weekday: "short" }).format(Date.UTC(2024, 0, 1 + index));

/** "France" of FR; another text as it is. */
export function country(code) {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  try {
    return new Intl.DisplayNames(undefined, { type: "region" }).of(code);
  } catch {
    return code;
  }
}
