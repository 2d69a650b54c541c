/* A line without axes, as wide as its tile. It repeats what the figure's table has, so it says nothing to a reader. */

import { svg } from "../dom.js";

const [WIDTH, HEIGHT] = [120, 32];

/**
 * @param {(number|null)[]} values
 * @param {(number|null)[]} [before]  the period compared with
 */
export function spark(values, before = []) {
  const all = [...values, ...before].filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" });
  const y = (value) => (HEIGHT - 2 - ((value - low) / (high - low || 1)) * (HEIGHT - 4)).toFixed(2);
  const path = (points) => {
    const step = WIDTH / Math.max(1, points.length - 1);
    let pen = "M";
    return points.map((value, n) => {
      if (value === null) return (pen = "M"), "";
      const command = `${pen}${(n * step).toFixed(2)} ${y(value)}`;
      pen = "L";
      return command;
    }).join("");
  };
  if (before.length) picture.append(svg("path", { d: path(before), class: "spark-before" }));
  if (values.length) picture.append(svg("path", { d: path(values), class: "spark-line" }));
  return picture;
}
