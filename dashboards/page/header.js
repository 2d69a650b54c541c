/* The header: shop, pages, days, comparison, currency, zone, and how new the newest event is. */

import { change, linkTo } from "./address.js";
import { el, setText } from "./dom.js";
import * as format from "./format.js";
import { COMPARISONS, RANGES, named } from "./ranges.js";

const FRESH_SECONDS = 60;
const SLOW_SECONDS = 3600;

export class Header {
  /**
   * @param {HTMLElement} place
   * @param {object[]} pages  `id`, `title`, and `ranged`: whether the days asked for matter to it
   */
  constructor(place, pages) {
    this.pages = pages;
    this.tabs = el("nav.tabs", { "aria-label": "Pages" });
    this.dot = el("span.dot", { "aria-hidden": "true" });
    this.age = el("span");
    this.freshness = el("span.freshness", {}, this.dot, this.age);
    this.ranges = el("nav.choices", { "aria-label": "Days" });
    this.from = el("input", { type: "date", "aria-label": "From" });
    this.to = el("input", { type: "date", "aria-label": "To" });
    this.custom = el("span.custom", {}, this.from, "–", this.to);
    this.comparison = this.#select("Compared with", "compare");
    this.currency = this.#select("Currency", "currency");
    this.shown = el("span.days-shown");
    this.against = el("span.secondary");
    this.zone = el("span.secondary");
    this.controls = el("div.bar.controls", {}, this.ranges, this.custom, this.comparison, this.currency, el("span.spacer"), this.shown, this.against, this.zone);
    place.querySelector(".bar").append(this.tabs, this.freshness);
    place.append(this.controls);
    for (const input of [this.from, this.to]) input.addEventListener("change", () => this.#chosen());
    this.newest = undefined;
    setInterval(() => this.#drawAge(), 1000);
  }

  #select(label, key) {
    const select = el("select", { "aria-label": label });
    select.addEventListener("change", () => change({ [key]: select.value }));
    return select;
  }

  #chosen() {
    const [from, to] = [this.from.value, this.to.value];
    if (from && to && from <= to) change({ range: "custom", from, to });
  }

  /** Draws a state. */
  show({ state, shop, range, currency, page }) {
    setText(document.getElementById("shop-name"), shop.name || "shopstream");
    document.title = `${page.title} · ${shop.name || "shopstream"}`;
    this.tabs.replaceChildren(...this.pages.map((each) => el("a", { href: linkTo({ page: each.id, product: null, user: null, search: null }), text: each.title, "aria-current": each.id === page.id ? "page" : null })));
    this.tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.ranges.replaceChildren(...RANGES.map(([id, title]) => el("a", { href: this.#rangeLink(id, range), text: id === "day" && range.isLive ? "Today" : title, "aria-current": id === state.range ? "true" : null })));
    this.custom.hidden = state.range !== "custom";
    [this.from.value, this.to.value] = [range.first, range.last];
    fill(this.comparison, COMPARISONS, state.compare);
    fill(this.currency, shop.currencies.map((code) => [code, code]), currency);
    for (const each of [this.ranges, this.comparison, this.shown]) each.hidden = !page.ranged;
    if (!page.ranged) this.custom.hidden = true;
    this.currency.hidden = page.money === false || !shop.currencies.length;
    setText(this.shown, named(range));
    setText(this.against, range.before ? `vs ${named(range.before)}` : range.unknown ? `no data before ${format.day(shop.first_day)} to compare with` : "");
    this.against.hidden = !page.ranged;
    setText(this.zone, shop.time_zone.replaceAll("_", " "));
    this.zone.title = "Days are those of the shop, in its time zone.";
  }

  #rangeLink(id, range) {
    return id === "custom" ? linkTo({ range: id, from: range.first, to: range.last }) : linkTo({ range: id, from: null, to: null });
  }

  /** @param {string|null} newest  time of the newest event; @param {string} [trouble]  what is lost, instead */
  fresh(newest, trouble = "") {
    this.newest = newest;
    this.trouble = trouble;
    this.#drawAge();
  }

  #drawAge() {
    if (this.newest === undefined && !this.trouble) return;
    const seconds = this.newest ? (Date.now() - Date.parse(this.newest)) / 1000 : Infinity;
    const grade = this.trouble ? "bad" : seconds < FRESH_SECONDS ? "good" : seconds < SLOW_SECONDS ? "slow" : "";
    this.dot.className = `dot ${grade}`;
    const age = !this.newest ? "no events yet" : seconds > 86_400 ? `newest event ${format.day(this.newest.slice(0, 10))}` : `newest event ${format.ago(seconds)}`;
    setText(this.age, this.trouble || age);
    this.freshness.title = this.newest ? format.moment(Date.parse(this.newest), undefined, true) : "";
  }
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => el("option", { value, text, selected: value === chosen })));
  select.value = chosen ?? "";
}
