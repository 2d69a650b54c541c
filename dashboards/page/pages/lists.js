/* How long it takes from an event of a user until the user's list is made of it: one tile, on two pages. */

import * as format from "../format.js";
import { Tile } from "../tile.js";

const MEANS = [
  ["", "How long after an event its user's own list was written anew, as the job personalise measures it: the time of writing, minus the event_time of the newest event that caused it. Of the last ten minutes."],
  ["p50", "half of the lists were written within it"],
  ["p99", "99 of 100 lists were written within it"],
  ["older", "lists written for events older than an hour, which come of history that is read again; they are in neither figure"],
];

export const listsTile = (span = 3) => new Tile({ id: "event-to-list", title: "From event to list", definition: MEANS, span });

/** @param {object|null} lists  as `/api/lists` has them */
export function showLists(tile, lists, newest = "") {
  if (!lists) return tile.failed("Redis does not answer, which has the figures.");
  const { minutes, lists: count, older, p50_seconds: p50, p99_seconds: p99 } = lists;
  const late = older ? `${format.whole(older, "count")} for older events` : "";
  if (!count) return tile.empty(`No lists were written in the last ${minutes} minutes${late && `, but ${late}`}.`);
  const columns = [{ name: "lists", kind: "count" }, { name: "p50", kind: "seconds" }, { name: "p99", kind: "seconds" }, { name: "older", kind: "count" }];
  tile.show({
    figure: { value: p50, kind: "seconds", unit: "p50" },
    note: [`p99 ${format.whole(p99, "seconds")}`, `${format.counted(count, "list")} in ${minutes} min`, late].filter(Boolean).join(" · "),
    table: { columns, rows: [[count, p50, p99, older]] },
    newest,
  });
}
