/* Exact decimals, as the tables have them: BigInt in units of 0.0001. */

const DIGITS = 4;
const SCALE = 10n ** BigInt(DIGITS);
const PATTERN = /^(-?)(\d+)(?:\.(\d*))?$/;

/** Units of 0.0001 of "12.5", 12.5 or 12; null for null. Digits behind the fourth are dropped. */
export function parse(value) {
  if (value === null || value === undefined || value === "") return null;
  const match = PATTERN.exec(String(value));
  if (!match) return parse(Number(value).toFixed(DIGITS));
  const [, sign, whole, fraction = ""] = match;
  const units = BigInt(whole) * SCALE + BigInt(fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
  return sign ? -units : units;
}

/** "12.5" of its units: no zeros at the end, as ClickHouse writes it. */
export function text(units) {
  const digits = (units < 0n ? -units : units).toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -DIGITS)}${fraction && "."}${fraction}`;
}

/** The sum of decimals as a text; what is null counts as nothing. */
export const sum = (values) => text(values.reduce((total, value) => total + (parse(value) ?? 0n), 0n));

/** a - b as a text. */
export const difference = (a, b) => text((parse(a) ?? 0n) - (parse(b) ?? 0n));

/** a / b rounded half up (away from zero) to four decimals, as a text; null where b is 0. */
export function quotient(a, b) {
  const [over, under] = [parse(a) ?? 0n, parse(b) ?? 0n];
  if (under === 0n) return null;
  const negative = over < 0n !== under < 0n;
  const [n, d] = [over < 0n ? -over : over, under < 0n ? -under : under];
  const rounded = (2n * n * SCALE + d) / (2n * d);
  return text(negative ? -rounded : rounded);
}

/** A number near enough to draw. */
export const drawn = (value) => (value === null || value === undefined ? null : Number(value));
