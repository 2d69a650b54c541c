/* Asks the service. Every call has a time-out; what goes wrong has words for the viewer. */

const TIMEOUT_MS = 15_000;

/**
 * What went wrong: `message` for the viewer, `status` of the answer (0 where there was none), `server` that does not answer,
 * `passes`: another try may do.
 */
export class Problem extends Error {
  constructor(message, status = 0, server = "") {
    super(message);
    this.status = status;
    this.server = server;
    this.passes = status === 0 || status >= 500;
  }
}

/** JSON of an address of this service. */
export async function ask(path, { signal } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let answer;
  try {
    answer = await fetch(path, { signal: signal ? AbortSignal.any([signal, limit]) : limit, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(limit.aborted ? "No answer within 15 seconds." : "The dashboard's service does not answer.");
  }
  if (answer.ok) return answer.json();
  throw await problemOf(answer);
}

async function problemOf(answer) {
  try {
    const { title, detail, server } = await answer.json();
    return new Problem(detail || title || answer.statusText, answer.status, server);
  } catch {
    return new Problem(`The service answered ${answer.status}.`, answer.status);
  }
}

let described = {};

/** Keeps what `/api/meta` says of queries, for definitions. */
export const describe = (meta) => {
  described = Object.fromEntries(meta.queries.map((query) => [query.name, query]));
};

/** Whether the service has a query. */
export const hasQuery = (name) => name in described;

/** Exactly what columns of a query are: pairs of a term and its meaning; the first is of the rows, and has no term. */
export function definition(query, ...columns) {
  const about = described[query];
  if (!about) return [];
  const found = columns.map((name) => about.columns.find((column) => column.name === name)).filter(Boolean);
  const remarks = about.remarks && !about.remarks.startsWith("docs/") ? about.remarks : "";
  return [["", [about.description, remarks].filter(Boolean).join(" ")], ...found.map(({ name, doc }) => [spaced(name), doc])];
}

/**
 * A query's answer with its rows as objects.
 * @returns {Promise<Answer>}
 * @typedef {{name: string, parameters: object, columns: object[], rows: object[], updated_at: string|null, doubtful: object[]}} Answer
 */
export async function query(name, parameters = {}, options = {}) {
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  const answer = await ask(`${path(name, "")}?${new URLSearchParams(given)}`, options);
  const names = answer.columns.map((column) => column.name);
  return { ...answer, parameters: given, rows: answer.rows.map((row) => Object.fromEntries(row.map((value, n) => [names[n], value]))) };
}

const path = (name, extension) => `/api/query/${encodeURIComponent(name)}${extension}`;

/** The table behind a tile: columns and rows of an answer, its export, and the same by command. */
export function tableOf(answer, { rows = answer.rows, currency } = {}) {
  const options = Object.entries(answer.parameters).map(([name, value]) => (DAYS.has(name) ? `--${name} ${quoted(value)}` : `--set ${quoted(`${name}=${value}`)}`));
  return {
    columns: answer.columns.map((column) => ({ name: spaced(column.name), kind: column.unit, doc: column.doc, currency })),
    rows: rows.map((row) => answer.columns.map((column) => row[column.name])),
    csv: `${path(answer.name, ".csv")}?${new URLSearchParams(answer.parameters)}`,
    command: ["./shop query", answer.name, ...options].join(" "),
  };
}

const spaced = (name) => name.replaceAll("_", " ");
const DAYS = new Set(["from", "to"]);
const quoted = (text) => (/^[\w.=-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`);

/** Why figures of answers may be wrong, a line each, and since when; nothing where nothing says so. @returns {import("./tile.js").Caution|undefined} */
export function cautionOf(...answers) {
  const doubtful = answers.flatMap((answer) => answer.doubtful ?? []);
  if (!doubtful.length) return undefined;
  const [since] = doubtful.map((each) => each.since).filter(Boolean).sort();
  return { reason: [...new Set(doubtful.map(({ reason }) => reason))].join("\n"), since: since ? Date.parse(since) : undefined };
}
