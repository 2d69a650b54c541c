/* A tile answers one question. It has four states besides its figure: loading, empty, failed, and stale. */

import { difference } from "./decimal.js";
import { el, icon, setText, uniqueId } from "./dom.js";
import * as format from "./format.js";
import { showAbout } from "./popover.js";
import { openTable } from "./table.js";

/**
 * What a tile shows.
 * @typedef {object} Shown
 * @property {Figure} [figure]
 * @property {Node} [body]     chart, list or bars
 * @property {import("./table.js").Table} [table]  what is behind it
 * @property {string} [note]   a short line under the figure
 * @property {string} [newest] when its newest data is of, in words
 * @property {Caution} [caution]
 *
 * Why the figure may be wrong.
 * @typedef {object} Caution
 * @property {string} reason
 * @property {number} [since]  in ms
 *
 * @typedef {object} Figure
 * @property {string|number|null} value  exact
 * @property {string} kind               see format.js
 * @property {string} [currency]
 * @property {string|number|null} [before]  of the period compared with; undefined without one
 * @property {string} [beforeName]          the days of it
 * @property {"up"|"down"|null} [better]    which way is good; null where neither is
 * @property {string} [unit]
 */

const SHORT_FROM = 9; // characters that fit into the narrowest tile

export class Tile {
  /**
   * @param {object} options
   * @param {string} options.id      names it in the address
   * @param {string} options.title
   * @param {[string, string][]} options.definition  exactly what is counted: terms and their meaning, as `definition` of api.js gives them
   * @param {number} [options.span]  columns of twelve
   * @param {boolean} [options.key]  the section's main figure
   * @param {boolean} [options.plain]  without a figure: a chart or a list only
   * @param {number} [options.height]  px of its body, kept while it loads
   */
  constructor({ id, title, definition, span = 3, key = false, plain = false, height = 0 }) {
    this.id = id;
    this.title = title;
    this.definition = definition;
    const heading = uniqueId("tile");
    this.open = el("button.tile-open", { type: "button", text: title, id: heading, dir: "auto", on: { click: () => this.openTable() } });
    const about = el("button.quiet.tile-about", { type: "button", "aria-label": `What ${title} means`, on: { click: () => showAbout(about, this) } }, icon("info"));
    this.figure = el("p.figure");
    this.change = el("p.change");
    this.note = el("p.note", { dir: "auto" });
    this.body = el("div.tile-body");
    this.newest = el("span.newest");
    this.caution = el("p.caution", { hidden: true });
    this.element = el(
      `section.tile.span-${span}${key ? ".key" : ""}`,
      { "aria-labelledby": heading, "data-tile": id, "data-state": "loading", "aria-busy": "true" },
      el("header", {}, el("h3", {}, this.open), about),
      !plain && this.figure,
      !plain && this.change,
      this.note,
      this.body,
      this.caution,
      el("footer", {}, this.newest, el("span.tile-more", { "aria-hidden": "true" }, icon("table"))),
    );
    if (height) this.body.style.minHeight = `${height}px`;
    this.note.hidden = true;
    this.open.disabled = true;
    this.loading();
  }

  #state(name) {
    this.element.dataset.state = name;
    if (name === "loading") this.element.setAttribute("aria-busy", "true");
    else this.element.removeAttribute("aria-busy");
  }

  /** Before the first data: blocks of the size of what comes. Later the old figures stay, fainter. */
  loading() {
    if (this.table) return this.#state("reloading");
    this.#state("loading");
    this.figure.replaceChildren(el("span.bone.bone-figure"));
    this.change.replaceChildren(el("span.bone.bone-line"));
  }

  /** @param {Shown} shown */
  show({ figure, body, table, note = "", newest = "", caution }) {
    this.#state("ready");
    this.table = table;
    this.open.disabled = !table;
    if (figure) this.#showFigure(figure);
    if (body) this.body.replaceChildren(body);
    setText(this.note, note);
    this.note.hidden = !note;
    setText(this.newest, newest);
    this.reason = caution?.reason ?? "";
    this.#say(caution ? ["may be out of date", caution.since && `since ${format.recent(caution.since)}`].filter(Boolean).join(" ") : "");
  }

  #say(caution) {
    this.caution.replaceChildren(...(caution ? [icon("warning"), el("span", { text: caution })] : []));
    this.caution.title = this.reason ?? "";
    this.caution.hidden = !caution;
  }

  #showFigure({ value, kind, currency, before, beforeName = "", better = "up", unit = "" }) {
    const whole = format.whole(value, kind, currency);
    const short = format.short(value, kind, currency);
    if (this.figure.dataset.value !== undefined && this.figure.dataset.value !== String(value ?? "")) this.#freshen();
    this.figure.dataset.value = String(value ?? "");
    this.figure.title = whole;
    const written = whole.length > SHORT_FROM && short !== whole ? [el("span.whole", { text: whole }), el("span.short", { text: short })] : [whole];
    this.figure.replaceChildren(...written, ...(unit ? [el("span.unit", { text: unit })] : []));
    this.change.replaceChildren(...changeOf({ value, kind, currency, before, beforeName, better }));
  }

  /* The ground fades for a moment where a figure is new. */
  #freshen() {
    this.figure.classList.remove("fresh");
    void this.figure.offsetWidth;
    this.figure.classList.add("fresh");
  }

  /** Nothing happened in what was asked for. @param {string} [command]  makes it so; can be copied */
  empty(what, command = "") {
    this.#state("empty");
    this.#say("");
    this.table = undefined;
    this.open.disabled = true;
    this.figure.replaceChildren(format.NOTHING);
    delete this.figure.dataset.value;
    this.change.replaceChildren();
    this.note.hidden = true;
    this.body.style.minHeight = "";
    this.body.replaceChildren(el("div.empty", {}, el("p", { text: what }), command && copyable(command)));
  }

  /** There is no figure now; one of before stays. @param {string} what  is wrong */
  failed(what) {
    if (this.table) this.stale(what);
    else this.lost(what);
  }

  /** There is no figure of what was asked for. */
  lost(what) {
    this.#state("error");
    this.table = undefined;
    this.open.disabled = true;
    delete this.figure.dataset.value;
    this.note.hidden = true;
    this.#say("");
    this.figure.replaceChildren(format.NOTHING);
    this.change.replaceChildren();
    this.body.style.minHeight = "";
    this.body.replaceChildren(el("div.failure", { role: "status" }, icon("warning"), el("p", { text: what })));
  }

  /** The figures stay, and say since when they are not sure. */
  stale(why) {
    if (this.element.dataset.state === "loading") return;
    this.#state("stale");
    this.reason = why;
    this.#say(why);
  }

  /** Holds a chart until another one replaces it. */
  keep(chart) {
    this.release();
    this.chart = chart;
  }

  release() {
    this.chart?.destroy();
    this.chart = undefined;
  }

  openTable() {
    if (this.table) openTable(this);
  }
}

/** The arrow, the per cent and the word of a change; the figure itself on hover. */
export function changeOf({ value, kind, currency, before, beforeName, better }) {
  if (before === undefined || (before === null && value === null)) return [];
  if (before === null || value === null || Number(before) === 0) {
    return [el("span.change-none", { text: before === null || value === null ? "nothing to compare" : `before: ${format.whole(before, kind, currency)}`, title: beforeName })];
  }
  const share = (Number(value) - Number(before)) / Math.abs(Number(before));
  const way = share > 0 ? "up" : share < 0 ? "down" : null;
  const sense = !way || !better ? "same" : way === better ? "better" : "worse";
  const arrow = way === "up" ? "▲" : way === "down" ? "▼" : "＝";
  const by = kind === "share" || kind === "number" ? "" : `, by ${format.whole(difference(value, before), kind, currency)}`;
  const title = `${beforeName}: ${format.whole(before, kind, currency)}${by}`;
  return [
    el(`span.change-by.${sense}`, { title }, el("span.arrow", { "aria-hidden": "true", text: arrow === "＝" ? "=" : arrow }), format.change(share), sense !== "same" && el("span.change-word", { text: sense })),
    el("span.change-before", { title: beforeName }, "from ", format.short(before, kind, currency)),
  ];
}

/** A command with a button that copies it. */
export function copyable(text) {
  const button = el("button.quiet", { type: "button", "aria-label": `Copy ${text}` }, icon("copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.replaceChildren("copied");
    setTimeout(() => button.replaceChildren(icon("copy")), 1500);
  });
  return el("span.copyable", {}, el("code", { text }), button);
}

/** A section: a title, and at most six tiles in view. */
export function section(title, ...tiles) {
  const heading = uniqueId("section");
  return el("section.section", { "aria-labelledby": heading }, el("h2", { id: heading, text: title }), el("div.grid", {}, ...tiles.map((tile) => tile.element ?? tile)));
}
