/* One popover for the page: what a figure means. */

import { el, setText } from "./dom.js";

const title = el("strong");
const text = el("dl.meaning");
const box = el("div.popover", { popover: "auto", id: "about", role: "note" }, title, text);
document.body.append(box);

/** Terms and their meaning as a list; text alone is one meaning. */
export const meaning = (definition) => (typeof definition === "string" ? [["", definition]] : definition).map(([term, means]) => el("div", {}, term && el("dt", { text: term }), el("dd", { text: means })));

/** Shows the definition of a tile beside a button. */
export function showAbout(button, { title: name, definition }) {
  setText(title, name);
  text.replaceChildren(...meaning(definition));
  box.showPopover();
  const at = button.getBoundingClientRect();
  const width = box.offsetWidth;
  box.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, at.right - width))}px`;
  const below = at.bottom + 4;
  box.style.top = `${below + box.offsetHeight > innerHeight ? Math.max(8, at.top - box.offsetHeight - 4) : below}px`;
}
