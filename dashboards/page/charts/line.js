/* Lines or bars over time, by uPlot. What uPlot lacks is added here: a keyboard cursor, a live region, a readout. */

import { el, setText } from "../dom.js";
import * as format from "../format.js";

const HEIGHT = 240;
const AXIS_REM = 0.75;
const charts = new Set();

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const withAlpha = (colour, alpha) => `${colour}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.redraw();
});

/**
 * A series.
 * @typedef {object} Series
 * @property {string} name
 * @property {(number|null)[]} values  null is a gap, and is drawn as one
 * @property {number} [colour]         1 to 6
 * @property {boolean} [before]        the period compared with: the same hue, faint and dashed
 * @property {number[]} [dash]
 * @property {boolean} [bars]
 */

export class LineChart {
  /**
   * @param {object} options
   * @param {string} options.label       what it shows, for who cannot see it
   * @param {number[]} options.times     seconds since 1970
   * @param {Series[]} options.series
   * @param {string} options.kind        how a value is written, see format.js
   * @param {string} [options.currency]
   * @param {string} [options.zone]      time zone of `times`; without one they are days
   * @param {(index: number) => string} options.timeName  a point's time in words
   * @param {string} [options.zoneNote]  at the axis
   * @param {number} [options.incompleteFrom]  index of the first point whose period is not over
   * @param {number} [options.height]    px
   */
  constructor(options) {
    this.options = options;
    this.legend = el("ul.legend");
    this.readout = el("div.readout", { hidden: true });
    this.said = el("div.unseen", { "aria-live": "polite" });
    this.plot = el("div.plot", {
      tabindex: 0,
      role: "group",
      "aria-roledescription": "chart",
      "aria-label": `${options.label}. Arrow keys read the points; the table has all of them.`,
      on: { keydown: (event) => this.#key(event), blur: () => this.#leave() },
    });
    this.element = el("div.chart", {}, this.legend, this.plot, this.readout, this.said);
    this.plot.style.minHeight = `${options.height ?? HEIGHT}px`;
    this.#fillLegend();
    this.sizes = new ResizeObserver(([entry]) => this.#sized(Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height)));
    this.sizes.observe(this.plot);
    charts.add(this);
  }

  /** Other data of the same series. */
  update({ times, series, timeName = this.options.timeName, incompleteFrom }) {
    Object.assign(this.options, { times, series, timeName, incompleteFrom });
    this.#fillLegend();
    this.uplot?.setData(this.#data());
  }

  destroy() {
    charts.delete(this);
    this.sizes.disconnect();
    this.uplot?.destroy();
  }

  redraw() {
    this.uplot?.redraw(true, true);
  }

  #data() {
    return [this.options.times, ...this.options.series.map((series) => series.values)];
  }

  #sized(width, height) {
    if (width < 40) return;
    if (this.uplot) this.uplot.setSize({ width, height });
    else this.uplot = new globalThis.uPlot(this.#uplotOptions(width, height), this.#data(), this.plot);
  }

  #fillLegend() {
    const items = this.options.series.map((series) =>
      el("li", {}, el(`span.swatch.series-${series.colour ?? 1}${series.before ? ".before" : ""}${series.bars ? ".block" : ""}${series.dash ? ".dash" : ""}`), series.name),
    );
    this.legend.replaceChildren(...items);
    this.legend.hidden = items.length < 2;
  }

  #uplotOptions(width, height) {
    const { zone, kind, currency } = this.options;
    const pixels = AXIS_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const axis = { stroke: () => token("--secondary"), font: `${pixels}px ${token("--font")}`, grid: { stroke: () => token("--hairline"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height,
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 7, width: 2, fill: () => token("--surface") } },
      tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), zone ?? "UTC"),
      scales: { x: { time: true, range: (_, first, last) => this.#xRange(first, last) }, y: { range: (_, low, high) => yRange(low, high) } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, gap: 6, space: 72, values: (_, splits, __, ___, step) => timeLabels(splits, step, zone) },
        { ...axis, grid: { ...axis.grid, filter: (_, splits) => this.#marks(splits) }, filter: (_, splits) => this.#marks(splits), size: (_, values) => Math.max(44, 10 + 0.6 * pixels * Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0))), values: (_, splits) => splits.map((value) => (value === null ? "" : format.short(value, kind, currency))) },
      ],
      series: [{}, ...this.options.series.map((series) => drawnSeries(series))],
      hooks: {
        setCursor: [(uplot) => this.#showReadout(uplot)],
        drawClear: [(uplot) => this.#hatch(uplot)],
      },
    };
  }

  /* Of the marks of the y axis those that mean something: no halves of counts, and nothing but 0 where all is 0. */
  #marks(splits) {
    const { series, kind } = this.options;
    const isFlat = !series.some(({ values }) => values.some(Boolean));
    return splits.map((value) => ((isFlat && value !== 0) || (kind === "count" && !Number.isInteger(value)) ? null : value));
  }

  /* The periods that are not over yet. */
  #hatch(uplot) {
    const { incompleteFrom: from, times } = this.options;
    if (from === undefined || from === null || from >= times.length) return;
    const step = times.length > 1 ? times[1] - times[0] : 0;
    const { left, top, width, height } = uplot.bbox;
    const start = Math.max(left, uplot.valToPos(times[from] - step / 2, "x", true));
    const context = uplot.ctx;
    context.save();
    context.beginPath();
    context.rect(start, top, left + width - start, height);
    context.clip();
    context.strokeStyle = token("--hairline");
    context.lineWidth = devicePixelRatio;
    context.beginPath();
    for (let x = start - height; x < left + width; x += 7 * devicePixelRatio) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.restore();
  }

  /* Bars at the ends have room for their whole width. */
  #xRange(first, last) {
    const { times, series } = this.options;
    const step = times.length > 1 ? times[1] - times[0] : 3600;
    return series.some((each) => each.bars) || first === last ? [first - step / 2, last + step / 2] : [first, last];
  }

  #showReadout(uplot) {
    const index = uplot.cursor.idx;
    if (index === null || index === undefined || uplot.cursor.left < 0) {
      this.readout.hidden = true;
      return;
    }
    const { series, kind, currency, timeName, incompleteFrom } = this.options;
    const open = incompleteFrom !== undefined && incompleteFrom !== null && index >= incompleteFrom;
    const rows = series.map((each) =>
      el("div.readout-row", {}, el(`span.swatch.series-${each.colour ?? 1}${each.before ? ".before" : ""}`), el("span", { text: each.pointName ? each.pointName(index) : each.name }), el("b", { text: format.whole(each.values[index], each.kind ?? kind, currency) })),
    );
    this.readout.replaceChildren(el("div.readout-time", { text: timeName(index) + (open ? " · not over yet" : "") }), ...rows);
    this.readout.hidden = false;
    const at = uplot.cursor.left + uplot.bbox.left / devicePixelRatio;
    const right = at > this.plot.clientWidth / 2;
    this.readout.style.left = right ? "auto" : `${at + 12}px`;
    this.readout.style.right = right ? `${this.plot.clientWidth - at + 12}px` : "auto";
    this.readout.style.top = `${this.plot.offsetTop + 8}px`;
  }

  #key(event) {
    const uplot = this.uplot;
    const count = this.options.times.length;
    if (!uplot || !count) return;
    const now = uplot.cursor.idx ?? (event.key === "ArrowLeft" ? count : -1);
    const big = Math.max(1, Math.round(count / 10));
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - big, PageDown: now + big, Home: 0, End: count - 1 }[event.key];
    if (event.key === "Escape") return this.#leave();
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.min(count - 1, Math.max(0, to));
    uplot.setCursor({ left: uplot.valToPos(this.options.times[index], "x"), top: 10 });
    setText(this.said, this.#sentence(index));
  }

  #sentence(index) {
    const { series, kind, currency, timeName } = this.options;
    return `${timeName(index)}: ${series.map((each) => `${each.name} ${format.whole(each.values[index], each.kind ?? kind, currency)}`).join(", ")}`;
  }

  #leave() {
    this.uplot?.setCursor({ left: -10, top: -10 });
    this.readout.hidden = true;
  }
}

function yRange(low, high) {
  const [bottom, top] = [Math.min(0, low ?? 0), Math.max(0, high ?? 0)];
  if (top === bottom) return [0, 10];
  const span = top - bottom;
  return [bottom < 0 ? bottom - span * 0.06 : 0, top > 0 || bottom === 0 ? top + span * 0.08 : 0];
}

function drawnSeries(series) {
  const colour = () => token(`--series-${series.colour ?? 1}`);
  const line = {
    stroke: () => (series.before ? withAlpha(colour(), 0.45) : colour()),
    width: series.before ? 1.5 : 2,
    dash: series.before ? [4, 4] : series.dash,
    points: { show: false },
    spanGaps: false,
  };
  if (series.bars) return { ...line, width: 0, fill: colour, paths: globalThis.uPlot.paths.bars({ size: [0.72, 48], radius: 0.15 }) };
  if (series.area) return { ...line, fill: () => withAlpha(colour(), 0.08) };
  return line;
}

function timeLabels(splits, step, zone) {
  const options = { timeZone: zone ?? "UTC" };
  let before = "";
  return splits.map((seconds) => {
    const ms = seconds * 1000;
    if (step < 86_400) return format.clock(ms, options.timeZone);
    const month = step >= 86_400 * 27;
    const year = new Intl.DateTimeFormat("en", { ...options, year: "numeric" }).format(ms);
    const named = new Intl.DateTimeFormat(undefined, { ...options, month: "short", ...(!month && { day: "numeric" }), ...(year !== before && { year: "numeric" }) }).format(ms);
    before = year;
    return named;
  });
}
