// The result at a glance: how many answers a page could read one way, and a dot for each call.

import { stateOf } from "/call.js";
import { el } from "/dom.js";

/** Return how many answers `outcomes` says were read, and how that looks; `wanted` tells whether they should have been. */
export function count(calls, outcomes, way, wanted) {
  const dots = calls.map((call) => judge(outcomes[call.id]?.[way], wanted));
  const read = dots.filter((dot) => dot.read).length;
  const known = dots.every((dot) => dot.state);
  const good = read === (wanted ? calls.length : 0);
  const look = known ? (good ? "good-text" : "bad-text") : "muted";
  return {
    read,
    nodes: [
      el("span", { class: `figure ${look}` }, el("b", {}, known ? read : "–"), ` of ${calls.length} readable`),
      el("span", { class: "dots" }, calls.map((call, index) => el("a", {
        class: `dot ${dots[index].look}`,
        href: `#call-${call.id}`,
        tabindex: "-1",
        title: `${call.title}: ${dots[index].state ?? "not yet known"}`,
      }))),
    ],
  };
}

/** Tell what an outcome means: the add-in needs the whole answer, for a foreign page any of it is too much. */
function judge(outcome, wanted) {
  if (!outcome) return { look: "idle" };
  const state = stateOf(outcome);
  const read = wanted ? state === "readable" : state !== "refused";
  const fill = read ? "on" : state === "part" ? "half" : "";
  return { state, read, look: `${read === wanted ? "good" : "bad"} ${fill}` };
}
