/* Explorer: one user or one product: what happened, which lists there are, why each product is in them, and what changed. */

import { change, linkTo } from "../address.js";
import { ask } from "../api.js";
import { el, icon, setText } from "../dom.js";
import * as format from "../format.js";
import { section } from "../tile.js";

const FOLLOW_MS = 3_000;
const MOST_EVENTS = 50;
const MOST_CHANGES = 5;

export function open() {
  return new Explorer();
}

class Explorer {
  constructor() {
    this.id = el("input", { type: "search", id: "explored", autocomplete: "off", maxlength: 512, placeholder: "id of a user or a product" });
    this.kind = el("select", { "aria-label": "What to look up" }, el("option", { value: "user", text: "User" }), el("option", { value: "product", text: "Product" }));
    const form = el("form.lookup", { role: "search" }, this.kind, el("label.unseen", { for: "explored", text: "Id" }), this.id, el("button.primary", { type: "submit" }, icon("search"), "Look up"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const id = this.id.value.trim();
      if (id) change(this.kind.value === "user" ? { user: id, product: null } : { product: id, user: null });
    });
    this.status = el("p.secondary", { "aria-live": "polite" });
    this.found = el("div.explored");
    this.element = el("div", {}, el("section.section", { "aria-label": "Explorer" }, el("div.section-head", {}, el("h2", { text: "Explorer" }), form), this.status, this.found));
    this.timer = setInterval(() => this.subject && !document.hidden && this.#read(), FOLLOW_MS);
  }

  load({ state, currency }) {
    this.currency = currency;
    const subject = state.user !== null ? ["user", state.user] : state.product !== null ? ["product", state.product] : null;
    if (JSON.stringify(subject) !== JSON.stringify(this.subject)) {
      this.subject = subject;
      this.ranks = new Map();
      this.drawn = undefined;
      this.found.replaceChildren();
    }
    if (!subject) return setText(this.status, "Look up a user: the history, the lists, and why each product is in them. Or a product: the lists beside it. Ids are shown as they came with the events.");
    [this.kind.value, this.id.value] = subject;
    this.#read();
  }

  close() {
    clearInterval(this.timer);
    this.subject = null;
  }

  async #read() {
    const subject = this.subject;
    if (this.reading) return;
    this.reading = true;
    try {
      const answer = await ask(`/api/explorer/${subject[0]}/${encodeURIComponent(subject[1])}`);
      if (subject === this.subject) this.#draw(answer);
    } catch (problem) {
      if (subject === this.subject) setText(this.status, `${problem.message} What is shown is of before; this page asks again.`);
    } finally {
      this.reading = false;
    }
  }

  #draw(answer) {
    const text = JSON.stringify(answer);
    if (text === this.drawn) return;
    this.drawn = text;
    const { history = [], visitors = [], changes = [], lists = [], products = {} } = answer;
    const nothing = !history.length && !visitors.length && !changes.length && !lists.length;
    setText(this.status, nothing ? `Nothing is known of this ${this.subject[0]}: no event and no list.` : answer.model_version ? `Model ${answer.model_version}` : "No personal model: these lists follow the stream alone.");
    const parts = [];
    if (this.subject[0] === "product") parts.push(productCard(answer.id, answer.product ?? products[answer.id]));
    if (visitors.length || changes.length) parts.push(identity(answer.id, visitors, changes));
    if (history.length) parts.push(this.#history(history, products));
    parts.push(...lists.map((list) => this.#list(list, products)));
    this.found.replaceChildren(...parts);
  }

  #history(events, products) {
    const rows = events.slice(0, MOST_EVENTS).map((event) => el("li", {}, el("span.feed-main", {}, productLink(event.product, products)), el("time.feed-more", { datetime: event.at, text: format.moment(Date.parse(event.at), undefined, true) }), el("span.feed-more", { text: event.kind.replaceAll("_", " ") })));
    return panel("History", `${format.whole(events.length, "count")} events, the newest first`, el("ol.feed.tall", {}, ...rows));
  }

  #list(list, products) {
    const before = this.ranks.get(list.key);
    this.ranks.set(list.key, new Map(list.items.map((item, n) => [item.product, n])));
    const rows = list.items.map((item, n) => el("li", {}, el("span.rank", { text: n + 1 }), el("span.feed-main", {}, productLink(item.product, products), moved(before, item.product, n)), el("span.number.feed-more", { text: item.score === null || item.score === undefined ? "" : format.whole(item.score, "number") }), el("span.why", { dir: "auto" }, item.words || item.reason?.replaceAll("_", " ") || "", ...because(item, products))));
    const made = [list.model_version && `model ${list.model_version}`, list.generated_at && `made ${format.moment(Date.parse(list.generated_at), undefined, true)}`, list.history_until && `from events until ${format.moment(Date.parse(list.history_until), undefined, true)}`];
    return panel(list.source?.replaceAll("_", " ") ?? list.key, [list.key, ...made].filter(Boolean).join(" · "), el("ol.ranked", {}, ...rows));
  }
}

const panel = (title, about, body) => el("section.tile", { "aria-label": title }, el("h3", { text: title }), el("p.note", { text: about, dir: "auto" }), body);

function productLink(id, products) {
  const known = products[id];
  return el("a.plain", { href: linkTo({ page: "products", product: id, user: null }), text: known?.title?.trim() || id, title: id, dir: "auto" });
}

function productCard(id, known) {
  const about = known ? [known.brand, known.category, known.price && format.whole(known.price, "money", known.currency), known.available === false ? "sold out or hidden" : "available"].filter(Boolean).join(" · ") : "The catalogue does not know it.";
  return panel(known?.title?.trim() || id, id, el("p", {}, `${about} `, el("a", { href: linkTo({ page: "products", product: id, user: null }), text: "Its sales" })));
}

/* Why visitors are one person: who each was from when on. */
function identity(id, visitors, changes) {
  const rows = [...(changes.length ? [{ id, changes }] : []), ...visitors].map((visitor) => el("li", {}, el("span.feed-main", {}, userLink(visitor.id)), visitor.events === undefined ? null : el("span.feed-more", { text: `${format.whole(visitor.events, "count")} anonymous events are of this user` }), ...visitor.changes.slice(0, MOST_CHANGES).map((change) => el("span.feed-more", {}, el("time", { datetime: change.at, text: format.moment(Date.parse(change.at), undefined, true) }), " ", change.user === null ? "signed out" : userLink(change.user)))));
  return panel("Visitors", "Browsers and devices of one person: from when on each was whom, the newest first", el("ol.feed.tall", {}, ...rows));
}

const userLink = (id) => el("a.plain", { href: linkTo({ page: "explorer", user: id, product: null }), text: id, dir: "auto" });

/* Products of the history that an item is there for. */
function because(item, products) {
  if (!item.because?.length) return [];
  const unnamed = item.because.filter((id) => !(item.words ?? "").includes(products[id]?.title?.trim() || id));
  return unnamed.flatMap((id) => [" ", productLink(id, products)]);
}

/* Where an item was before the last change. */
function moved(before, product, now) {
  if (!before) return null;
  const then = before.get(product);
  if (then === undefined) return el("span.moved.better", { text: "new" });
  if (then === now) return null;
  return el(`span.moved.${then > now ? "better" : "worse"}`, { text: `${then > now ? "▲" : "▼"} from ${then + 1}` });
}
