/* The window of live tables: a seed, and then changes to it. No message that is lost makes a figure wrong. */

const REDRAW_MS = 250;
const SILENT_MS = 2_500;
const TICK_MS = 500;
const ASLEEP_MS = 5_000;
const RETRY_MS = [250, 500, 1_000, 2_000];

/** Whether the seed already has what an offset ("topic-0:17") brings. */
export function isSeeded(offset, ends) {
  const at = offset.lastIndexOf(":");
  const end = ends[offset.slice(0, at)];
  return end !== undefined && Number(offset.slice(at + 1)) < end;
}

/** Tables by name, each a Map of rows by key, as seed and changes make them. */
export class LiveWindow {
  /** @param {(table: string, row: object) => string} keyOf */
  constructor(keyOf) {
    this.keyOf = keyOf;
    this.tables = new Map();
    this.seq = null;
    this.offsets = {};
    this.updatedAt = {};
  }

  seed({ seq, offsets, tables, updated_at: updatedAt }) {
    this.seq = seq;
    this.offsets = { ...offsets };
    this.updatedAt = { ...updatedAt };
    this.tables = new Map(Object.entries(tables).map(([name, rows]) => [name, new Map(rows.map((row) => [this.keyOf(name, row), row]))]));
  }

  /** Applies one message of changes. @returns {boolean} false after a gap: nothing can be trusted but a new seed */
  change({ seq, changes }) {
    if (this.seq === null || seq > this.seq + 1) return false;
    if (seq <= this.seq) return true;
    this.seq = seq;
    for (const change of changes) this.#apply(change);
    return true;
  }

  #apply({ table, key, row, offset, at }) {
    if (offset && isSeeded(offset, this.offsets)) return;
    const rows = this.tables.get(table) ?? this.tables.set(table, new Map()).get(table);
    if (row === null) rows.delete(JSON.stringify(key.map(String)));
    else rows.set(this.keyOf(table, row), row);
    if (at) this.updatedAt[table] = at;
  }

  rows(table) {
    return [...(this.tables.get(table)?.values() ?? [])];
  }
}

/**
 * Keeps a window up to date.
 *
 * - `onDraw(window)`   at most four times a second, after changes
 * - `onState({connected, since, stale})`  when the connection or a server behind it is lost or back
 */
export class Live {
  constructor({ url, keys, onDraw, onState }) {
    Object.assign(this, { url, onDraw, onState });
    this.window = new LiveWindow((table, row) => JSON.stringify((keys[table] ?? []).map((column) => String(row[column]))));
    this.state = { connected: false, since: null, stale: [] };
    this.retries = 0;
    this.heard = Date.now();
    this.ticked = Date.now();
    this.beats = false;
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    this.lost = () => this.#reconnect();
    addEventListener("offline", this.lost);
    addEventListener("online", this.lost);
    this.#connect();
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    clearTimeout(this.drawing);
    removeEventListener("offline", this.lost);
    removeEventListener("online", this.lost);
    this.source?.close();
  }

  #connect() {
    this.source?.close();
    this.retry = undefined;
    this.heard = Date.now();
    const source = new EventSource(this.url);
    this.source = source;
    const on = (type, act) => source.addEventListener(type, (event) => {
      if (source !== this.source) return;
      this.heard = Date.now();
      act(event.data ? JSON.parse(event.data) : {});
    });
    on("seed", (data) => this.#seeded(data));
    on("change", (data) => (this.window.change(data) ? this.#drawSoon() : this.#reconnect()));
    on("reseed", () => { this.window.seq = null; });
    on("stale", ({ stale }) => this.#setState({ stale }));
    on("beat", () => { this.beats = true; });
    source.addEventListener("error", () => source === this.source && this.#reconnect());
  }

  #seeded(data) {
    this.retries = 0;
    this.window.seed(data);
    this.#setState({ connected: true, since: null, stale: data.stale ?? [] });
    this.#drawSoon();
  }

  #reconnect() {
    if (this.closed || this.retry) return;
    this.source?.close();
    this.source = null;
    this.window.seq = null;
    if (this.state.since === null) this.#setState({ connected: false, since: this.heard });
    const wait = RETRY_MS[Math.min(this.retries++, RETRY_MS.length - 1)];
    this.retry = setTimeout(() => this.#connect(), wait);
  }

  /* Silence is a lost connection too; a clock that leapt is a machine that slept. */
  #tick() {
    const now = Date.now();
    const slept = now - this.ticked > ASLEEP_MS;
    this.ticked = now;
    if (slept || (this.beats && this.source && now - this.heard > SILENT_MS)) this.#reconnect();
  }

  #setState(changes) {
    this.state = { ...this.state, ...changes };
    this.onState(this.state);
  }

  #drawSoon() {
    if (this.drawing) return;
    const wait = Math.max(0, REDRAW_MS - (Date.now() - (this.drawn ?? 0)));
    this.drawing = setTimeout(() => {
      this.drawing = undefined;
      this.drawn = Date.now();
      if (this.window.seq !== null) this.onDraw(this.window);
    }, wait);
  }
}
