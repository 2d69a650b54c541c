"""What the tracker does when a batch is refused, in Node.js with as much of a browser as the tracker asks for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

TRACKER = Path(__file__).resolve().parents[4] / "producers" / "tracker.js"
NODE = shutil.which("node")
BROWSER = """
const fs = require("fs"), vm = require("vm");
const store = {}, taken = [];
const window = {
  localStorage: { getItem: (key) => store[key] ?? null, setItem: (key, value) => { store[key] = value; },
                  removeItem: (key) => { delete store[key]; } },
  location: { href: "https://shop.example/", search: "" },
  crypto: { randomUUID: () => require("crypto").randomUUID() },
  addEventListener: () => {},
  fetch: async (url, { body }) => {
    const batch = JSON.parse(body).batch, bad = batch.some((event) => event.event == "bad");
    if (!bad) taken.push(...batch.map((event) => event.event));
    return { status: bad ? +process.argv[2] : 202, headers: { get: () => null } };
  },
};
const document = { currentScript: { src: "https://c.example/tracker.js", dataset: { flushMs: "5" } },
                   title: "T", referrer: "", addEventListener: () => {}, visibilityState: "visible" };
const navigator = { language: "en" };
const context = { window, document, navigator, setTimeout, clearTimeout, URL, URLSearchParams, Date };
vm.runInNewContext(fs.readFileSync(process.argv[1], "utf8"), context);
for (const name of ["a", "b", "bad", "c", "d", "e"]) window.shop.track(name, {});
setTimeout(() => { console.log(JSON.stringify(taken)); process.exit(0); }, 1500);
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node.js on this machine")
@pytest.mark.parametrize("status", ["400", "413"])
def test_a_refused_batch_is_sent_again_in_parts_so_that_one_event_costs_no_other(status: str) -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", BROWSER, str(TRACKER), status], capture_output=True, text=True, check=True, timeout=60
    )
    assert sorted(json.loads(done.stdout)) == ["a", "b", "c", "d", "e"]
