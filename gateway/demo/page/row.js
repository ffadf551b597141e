// One call in the list: what it is, and what came of it both ways.

import { problemOf, stateOf } from "/call.js";
import { el, icon } from "/dom.js";
import { panel } from "/panel.js";

export const WAYS = ["direct", "gateway"];
export const WAY_NAMES = { direct: "Directly", gateway: "Through the gateway" };

/** Return the list item of a call, and a way to fill it in. */
export function row(call, number) {
  const cells = Object.fromEntries(WAYS.map((way) => [way, el("div", { class: "cell" }, waiting(way))]));
  const panels = Object.fromEntries(WAYS.map((way) => [way, el("section", { class: "panel" })]));
  const stranger = el("p", { class: "stranger" });
  const item = el("li", { id: `call-${call.id}` },
    el("details", { class: "card row" },
      el("summary", {},
        el("div", { class: "call" },
          el("span", { class: "number" }, number),
          el("div", {},
            el("h3", {}, call.title),
            el("code", { class: "target" }, `${call.method} ${call.path}`),
            chips(call),
          ),
        ),
        cells.direct, cells.gateway,
      ),
      el("div", { class: "more" },
        el("p", { class: "story" }, call.story),
        el("div", { class: "panels" }, panels.direct, panels.gateway),
        call.wanted ? stranger : null,
      ),
    ),
  );
  return {
    item,
    reset() {
      for (const way of WAYS) {
        cells[way].replaceChildren(...waiting(way));
        panels[way].replaceChildren();
      }
      stranger.replaceChildren();
    },
    show(way, outcome) {
      cells[way].replaceChildren(...result(call, way, outcome));
    },
    explain(way, outcome, replay) {
      cells[way].replaceChildren(...result(call, way, outcome, replay));
      panels[way].replaceChildren(...panel(WAY_NAMES[way], outcome, replay));
    },
    foreign(outcomes) {
      const tried = (way) => {
        const read = stateOf(outcomes[way]) !== "refused";
        return el("span", { class: read ? "bad-text" : "good-text" }, read ? "could read the answer" : "was refused");
      };
      stranger.replaceChildren(el("strong", {}, "The foreign page"), " made the same call: directly it ", tried("direct"),
        ", through the gateway it ", tried("gateway"), ".");
    },
  };
}

function chips(call) {
  const all = [
    call.preflight ? chip("browser asks first", "strong", "The browser sends OPTIONS before it makes this call") : null,
    call.credentials ? chip("with cookies", "strong", 'credentials: "include"') : null,
    ...call.asked_for.map((name) => chip(name)),
  ].filter(Boolean).flatMap((each) => [each, " "]);
  return all.length ? el("span", { class: "chips" }, all) : null;
}

function chip(words, kind = "", title = null) {
  return el("span", { class: `chip ${kind}`, title }, words);
}

function wayName(way) {
  return el("span", { class: "way" }, WAY_NAMES[way]);
}

function waiting(way) {
  return [wayName(way), el("span", { class: "badge idle" }, "…")];
}

function result(call, way, outcome, replay) {
  return [wayName(way), badge(call, way, outcome), ...remark(call, outcome, replay)];
}

function badge(call, way, outcome) {
  const state = stateOf(outcome);
  if (!call.wanted && (state === "refused" || outcome.status >= 400)) {
    // Without a preflight the call has been made by the time the browser withholds its answer.
    return way === "direct" && !call.preflight
      ? el("span", { class: "badge part" }, icon("part"), "Done, not shown")
      : el("span", { class: "badge good" }, icon("shield"), "Refused");
  }
  const [kind, picture, words] = {
    readable: call.wanted ? ["good", "readable", "Readable"] : ["bad", "seen", "Readable"],
    part: ["part", "part", "In part"],
    refused: ["bad", "refused", "Refused"],
  }[state];
  return el("span", { class: `badge ${kind}` }, icon(picture), words);
}

function remark(call, outcome, replay) {
  const said = (...words) => el("span", { class: "said" }, ...words);
  const reason = (word) => el("code", { class: "reason" }, word);
  if (outcome.error) {
    // Where the gateway refused on purpose its log says why; elsewhere only the browser knows.
    const logged = call.wanted ? null : replay?.log.at(-1)?.reason;
    const why = logged ? reason(logged) : replay?.refusal?.rule ?? (replay ? "not for a rule of CORS" : "");
    return [el("code", { class: "said" }, outcome.error), said(why)];
  }
  if (outcome.missing.length) return [said(`${outcome.status}, but not ${outcome.missing.join(", ")}`)];
  const problem = problemOf(outcome);
  if (problem?.reason) return [said(`${outcome.status} `, reason(problem.reason))];
  if (outcome.redirectedTo) return [said(`${outcome.status}, after a redirect`)];
  return [said(`${outcome.status}, ${outcome.octets} octets`)];
}
