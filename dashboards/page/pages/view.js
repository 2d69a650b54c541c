/* A page of tiles: loads them, says what failed on each, and never lets an older answer replace a newer one. */

import { ask } from "../api.js";
import { el, icon, setText } from "../dom.js";
import * as format from "../format.js";
import { isAskedFor } from "../table.js";
import { copyable } from "../tile.js";

const GOES_ON = { ClickHouse: "Live, Explorer and Pipeline go on without it." };

export class View {
  /**
   * @param {HTMLElement} element
   * @param {import("../tile.js").Tile[]} tiles
   * @param {{nothing: string, command?: string}} empty  what will be here, where all tiles are empty, and how to make it so
   * @param {(context: object, signal: AbortSignal) => Promise<void>} loading  fills the tiles
   *
   * `isOutdated`: what is shown is of before, and another try may bring the figures of now.
   */
  constructor(element, tiles, { nothing, command }, loading) {
    Object.assign(this, { element, tiles, loading, refreshes: true, isOutdated: false });
    this.nothing = el("div.banner.plain.nothing", { hidden: true, role: "status" }, el("p", { text: nothing }), command && copyable(command));
    this.reasons = el("div.banner", { hidden: true, role: "status" }, icon("warning"), el("p"));
    element.prepend(this.nothing, this.reasons);
  }

  async load(context) {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    for (const tile of this.tiles) tile.loading();
    this.problem = undefined;
    this.asked = JSON.stringify([context.range, context.currency, context.state.compare]);
    const { asked } = this;
    const at = Date.now();
    try {
      await this.loading(context, running.signal);
      this.loaded = { asked, at };
      this.isOutdated = false;
    } catch (problem) {
      if (running.signal.aborted) return;
      if (!problem.status && problem.name !== "Error") console.error(problem);
      this.#fail(problem, this.tiles.filter((tile) => ["loading", "reloading"].includes(tile.element.dataset.state)));
    }
    this.#sayReasons();
    const isEmpty = this.tiles.every((tile) => tile.element.dataset.state === "empty");
    this.nothing.hidden = !isEmpty;
    this.element.classList.toggle("is-empty", isEmpty);
    for (const tile of this.tiles) if (isAskedFor(tile.id)) tile.openTable();
  }

  /** The tables cannot be read now: every tile says since when its figure is not sure. */
  outdate(problem) {
    this.#fail(problem, this.tiles);
    this.#sayReasons();
  }

  /* Figures of the days that are asked for stay, those of others do not. */
  #fail({ message, server, passes }, tiles) {
    this.isOutdated = Boolean(passes);
    const what = server ? `${server} does not answer.` : message;
    this.problem = [what, GOES_ON[server], passes && "This page tries again by itself."].filter(Boolean).join(" ");
    for (const tile of tiles) {
      if (this.loaded?.asked === this.asked) tile.failed(`Not up to date since ${format.recent(this.loaded.at)}: ${what}`);
      else tile.lost(what);
    }
  }

  /* Each reason once; the tiles that it concerns have a mark. */
  #sayReasons() {
    const reasons = [...new Set(this.tiles.filter((tile) => tile.element.dataset.state === "ready").flatMap((tile) => tile.reason?.split("\n") ?? []).filter(Boolean))];
    this.#warn(this.problem ?? reasons.join(" "));
  }

  #warn(text) {
    this.reasons.hidden = !text;
    setText(this.reasons.lastChild, text);
  }

  close() {
    this.running?.abort();
    for (const tile of this.tiles) tile.release();
  }
}

/** Fills one tile with what an address of the service answers; where that fails, this tile alone says so. */
export async function fill(tile, path, signal, show) {
  try {
    show(await ask(path, { signal }));
  } catch (problem) {
    if (signal.aborted) throw problem;
    tile.failed(problem.message);
  }
}

/** When the newest data behind an answer is of, in words. */
export function newestOf(answer) {
  if (!answer.updated_at) return "";
  return `updated ${format.recent(Date.parse(answer.updated_at))}`;
}
