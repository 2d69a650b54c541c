/* Asks for the key where the service wants one. It is sent once, and stands in a cookie that scripts cannot read. */

import { el, setText } from "./dom.js";

/** @param {() => void} then  goes on once the key is taken */
export function signIn(then) {
  const key = el("input", { type: "password", name: "key", id: "key", autocomplete: "current-password", required: true });
  const wrong = el("p.worse", { role: "alert" });
  const form = el("form.sign-in", {}, el("h2", { text: "Sign in" }), el("label", { for: "key", text: "API key or token" }), key, el("button.primary", { type: "submit", text: "Sign in" }), wrong);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/api/session", { method: "POST", headers: { authorization: `Bearer ${key.value}` }, signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (answer?.ok) return then();
    setText(wrong, answer ? "That key is not valid." : "The service does not answer.");
  });
  return form;
}
