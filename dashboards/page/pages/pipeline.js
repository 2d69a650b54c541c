/* Pipeline: whether the figures can be trusted: what is behind, what failed, when each table was last updated. */

import { ask } from "../api.js";
import { bars } from "../charts/bars.js";
import { el } from "../dom.js";
import * as format from "../format.js";
import { drawTable } from "../table.js";
import { Tile, section } from "../tile.js";
import { listsTile, showLists } from "./lists.js";

const EVERY_MS = 3_000;
const DUPLICATES = [
  ["", "Valid records of the domain topics whose event had been accepted before: they stand in neither the topic events nor failed-events, and count nowhere. By the counters of ingest's deduplication, exactly; they begin anew when its tasks start, after a failure for example."],
  ["share", "duplicates / valid records that ingest has checked"],
];
const LATE = [
  ["", "Accepted events that ingest passed on more than ten minutes after their event_time, of those of the last hour. They count on the day on which they happened, as all events do. Where history is imported, all of it is late. What is older than the allowed lateness is refused, and stands among failed events as too old."],
  ["share", "late events / events"],
];
const BEHIND = "Records that a reader has not taken yet: of ingest, of each job, and of each sink that carries tables into a store.";

export function open() {
  return new Pipeline();
}

class Pipeline {
  constructor() {
    this.tiles = {
      lag: new Tile({ id: "lag", title: "Records behind", definition: BEHIND }),
      jobs: new Tile({ id: "jobs", title: "Jobs running", definition: "Flink jobs in the state RUNNING, of those that should." }),
      failed: new Tile({ id: "failed", title: "Failed events", definition: "Records of the topic failed-events: what ingest or the collector refused, with its reason and its original bytes.", span: 4 }),
      duplicates: new Tile({ id: "duplicates", title: "Duplicates", definition: DUPLICATES, span: 4 }),
      late: new Tile({ id: "late", title: "Late events", definition: LATE, span: 4 }),
      lists: listsTile(),
      memory: new Tile({ id: "memory", title: "Memory of this service", definition: "Resident memory of the dashboard's process, and the pages that get live changes of it." }),
      parts: new Tile({ id: "lags", title: "Behind, by reader", definition: BEHIND, span: 6, plain: true, height: 200 }),
      reasons: new Tile({ id: "reasons", title: "Why events failed", definition: "Failed events by their reason; docs/failed-events.md says what each means and how it is repaired.", span: 6, plain: true, height: 200 }),
      checkpoints: new Tile({ id: "checkpoints", title: "Jobs and checkpoints", definition: "A checkpoint is a consistent copy of a job's state; after a failure it goes on from the newest one.", span: 12, plain: true, height: 200 }),
      tables: new Tile({ id: "tables", title: "Last update of each table", definition: "When the newest change of a table was published, and how many changes ClickHouse has not yet.", span: 12, plain: true, height: 480 }),
    };
    const t = this.tiles;
    this.banner = el("div.banner", { hidden: true, role: "status" });
    this.element = el("div", {}, this.banner, section("Pipeline", t.lag, t.jobs, t.lists, t.memory), section("Events", t.failed, t.duplicates, t.late, t.parts, t.reasons), section("Jobs", t.checkpoints), section("Tables", t.tables));
    this.read = new Map();
    this.timer = setInterval(() => !document.hidden && this.load(), EVERY_MS);
  }

  async load() {
    if (this.reading) return;
    this.reading = true;
    try {
      this.#draw(await ask("/api/pipeline"));
    } catch (problem) {
      this.#lost(problem.message, ...Object.values(this.tiles));
    } finally {
      this.reading = false;
    }
  }

  close() {
    clearInterval(this.timer);
  }

  /* Figures of before stay, and say of when they are. */
  #lost(why, ...tiles) {
    for (const tile of tiles) tile.failed(this.read.has(tile) ? `Not up to date since ${format.recent(this.read.get(tile))}: ${why}` : why);
  }

  #show(tile, shown) {
    tile.show(shown);
    this.read.set(tile, this.at);
  }

  #draw(answer) {
    this.at = Date.parse(answer.at);
    const newest = `read ${format.clock(Date.parse(answer.at), undefined, true)}`;
    const stale = answer.stale ?? [];
    this.banner.hidden = !stale.length;
    this.banner.replaceChildren(el("p", { text: stale.map(({ server, reason }) => `${server} does not answer: ${reason}`).join(" ") }));
    this.#lag(answer.lag, newest);
    this.#jobs(answer.jobs, newest);
    this.#failed(answer.failed, newest);
    this.#duplicates(answer.duplicates, newest);
    this.#late(answer.arrivals, newest);
    showLists(this.tiles.lists, answer.lists, newest);
    this.#show(this.tiles.memory, { figure: { value: answer.memory_bytes, kind: "bytes" }, note: format.counted(answer.connections, "page gets live changes", "pages get live changes"), newest });
    this.#tables(answer.tables ?? [], newest, stale.find(({ server }) => server === "Kafka"));
  }

  #lag(lag, newest) {
    const { lag: figure, parts } = this.tiles;
    if (!lag) return this.#lost("Nobody can say how much is unread while a server is away.", figure, parts);
    const readers = [["ingest", lag.ingest], ...Object.entries(lag.jobs ?? {}), ...Object.entries(lag.sinks ?? {}).map(([name, count]) => [`sink: ${name}`, count])];
    const all = readers.reduce((sum, [, count]) => sum + (count ?? 0), 0);
    const rows = readers.map(([name, count]) => ({ name, value: count ?? 0, text: format.whole(count, "count") }));
    const table = { columns: [{ name: "reader" }, { name: "records", kind: "count" }], rows: readers, command: "./shop lag" };
    this.#show(figure, { figure: { value: all, kind: "count" }, note: lag.settled ? "everything is counted" : lag.words, newest, table });
    this.#show(parts, { body: bars(rows), newest, table });
  }

  #jobs(jobs, newest) {
    if (!jobs) return this.#lost("Flink does not answer.", this.tiles.jobs, this.tiles.checkpoints);
    const running = jobs.filter(({ state }) => state === "RUNNING").length;
    const columns = [{ name: "job" }, { name: "state" }, { name: "restarts", kind: "count" }, { name: "checkpoints", kind: "count" }, { name: "last checkpoint", kind: "time" }, { name: "last failure" }];
    const table = { columns, rows: jobs.map((job) => [job.name, job.state, job.restarts, job.checkpoints, job.last_checkpoint, job.last_failure]), command: "./shop status" };
    if (!jobs.length) return [this.tiles.jobs, this.tiles.checkpoints].forEach((tile) => tile.empty("No job is known. Start them:", "./shop up"));
    this.#show(this.tiles.jobs, { figure: { value: running, kind: "count", unit: `of ${format.whole(jobs.length, "count")}` }, note: format.counted(jobs.reduce((sum, job) => sum + (job.restarts ?? 0), 0), "restart"), newest, table });
    this.#show(this.tiles.checkpoints, { body: this.#drawn(this.tiles.checkpoints, table), newest, table });
  }

  #failed(failed, newest) {
    const { failed: figure, reasons } = this.tiles;
    if (!failed) return this.#lost("Failed events cannot be read now.", figure, reasons);
    const rows = Object.entries(failed.reasons ?? {}).sort(([, a], [, b]) => b - a);
    const table = { columns: [{ name: "reason" }, { name: "events", kind: "count" }], rows, command: "./shop failed list" };
    this.#show(figure, { figure: { value: failed.total, kind: "count" }, note: failed.looked_at < failed.total ? `reasons of the newest ${format.whole(failed.looked_at, "count")}` : "", newest, table });
    if (!rows.length) return reasons.empty("No event was refused.");
    this.#show(reasons, { body: bars(rows.map(([name, count]) => ({ name: name.replaceAll("_", " "), value: count, text: format.whole(count, "count") }))), newest, table });
  }

  #duplicates(counts, newest) {
    const tile = this.tiles.duplicates;
    if (!counts) return this.#lost("The job ingest, which counts them, does not run or has not told yet.", tile);
    const { since, events, duplicates } = counts;
    if (!events) return tile.empty(`No events since ingest started, ${format.moment(Date.parse(since))}.`);
    const table = { columns: [{ name: "since", kind: "time" }, { name: "valid records", kind: "count" }, { name: "duplicates", kind: "count" }], rows: [[since, events, duplicates]] };
    this.#show(tile, { figure: { value: duplicates / events, kind: "share" }, note: `${format.whole(duplicates, "count")} of ${format.whole(events, "count")} records since ${format.moment(Date.parse(since))}`, newest, table });
  }

  #late(arrivals, newest) {
    const tile = this.tiles.late;
    if (!arrivals) return this.#lost("No events can be read now.", tile);
    const { since, events, late } = arrivals;
    const from = format.clock(Date.parse(since));
    if (!events) return tile.empty(`No events since ${from}.`);
    const table = { columns: [{ name: "since", kind: "time" }, { name: "events", kind: "count" }, { name: "late", kind: "count" }], rows: [[since, events, late]] };
    this.#show(tile, { figure: { value: late / events, kind: "share" }, note: `${format.whole(late, "count")} of ${format.whole(events, "count")} events since ${from}`, newest, table });
  }

  /* A table that has not changed stays, so that nobody loses the row that they read, or their sorting. */
  #drawn(tile, table) {
    const text = JSON.stringify(table.rows);
    if (tile.drawn === text && tile.body.querySelector("table")) return undefined;
    tile.drawn = text;
    return el("div.scroll", { tabindex: 0, role: "region", "aria-label": tile.title }, drawTable(table, tile.title));
  }

  #tables(tables, newest, away) {
    if (!away) this.heardOfKafka = this.at;
    const columns = [{ name: "table" }, { name: "last update", kind: "time" }, { name: "changes not in ClickHouse yet", kind: "count" }];
    const table = { columns, rows: tables.map((each) => [each.name, each.updated_at, each.behind]) };
    if (!tables.length) return this.tiles.tables.empty("No table was made yet.", "./shop up");
    const caution = away && { reason: `${away.server} does not answer.`, since: this.heardOfKafka };
    this.#show(this.tiles.tables, { body: this.#drawn(this.tiles.tables, table), newest, table, caution });
  }
}
