// The details of a call made one way: what the page got, why, what was sent, and what the gateway's log says.

import { problemOf } from "/call.js";
import { el } from "/dom.js";

const SHOWN_IN_LOG = ["event", "method", "path", "status", "origin", "reason", "detail", "remedy", "request_id"];

/** Return the contents of a panel with this title. */
export function panel(title, outcome, replay) {
  return [
    el("h4", {}, title),
    el("h5", {}, "What the page got"),
    ...(outcome.error ? [el("pre", { class: "error" }, outcome.error)] : received(outcome)),
    ...why(outcome, replay),
    ...(replay ? sent(replay) : []),
    ...(replay?.log.length ? log(replay.log) : []),
  ];
}

function received(outcome) {
  const problem = problemOf(outcome);
  return [
    el("dl", { class: "facts" },
      fact("Status", String(outcome.status)),
      outcome.redirectedTo ? fact("Redirected to", outcome.redirectedTo) : null,
      ...outcome.headers.map(([name, value]) => fact(name, value)),
      ...outcome.missing.map((name) => fact(name.toLowerCase(), "withheld by the browser", "withheld")),
    ),
    outcome.body
      ? el("pre", { tabindex: "0", "aria-label": "Body" }, problem ? JSON.stringify(problem, null, 2) : pretty(outcome.body))
      : el("p", { class: "muted" }, "An empty body."),
  ];
}

function fact(name, value, kind = null) {
  return el("div", { class: kind }, el("dt", {}, name), el("dd", {}, value));
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function why(outcome, replay) {
  if (!replay) return [];
  if (outcome.missing?.length) {
    return [el("h5", {}, "Why"), el("p", {}, `The answer does not expose ${outcome.missing.join(", ")} `
      + "(Access-Control-Expose-Headers), so the page sees the body and a handful of harmless fields.")];
  }
  if (!outcome.error) return [];
  if (!replay.refusal) {
    return [el("h5", {}, "Why"), el("p", {}, "The answer itself could have been read. Something else stopped the browser: "
      + "a certificate it does not trust, local network access, or an extension. Its console says which.")];
  }
  return [
    el("h5", {}, "Why"),
    el("p", {}, replay.refusal.why),
    el("p", { class: "console" }, el("span", {}, "In the console of Chromium, Edge and Outlook"), replay.refusal.console),
  ];
}

function sent({ exchanges, refusal }) {
  // What was refused is the last answer: that one is shown without being asked for.
  const open = (exchange) => (refusal && exchange === exchanges.at(-1) ? "" : null);
  return [
    el("h5", {}, "What was sent"),
    ...exchanges.map((exchange) => el("details", { class: "wire", open: open(exchange) }, ...wire(exchange))),
  ];
}

function wire({ request, response, body, failure }) {
  const method = request[0].split(" ")[0];
  return [
    el("summary", {},
      el("code", {}, method), " → ",
      response ? el("code", {}, response[0]) : el("span", { class: "bad-text" }, failure),
      method === "OPTIONS" ? el("span", { class: "muted" }, " (the browser’s question, the preflight)") : null),
    el("pre", { tabindex: "0", "aria-label": "Request" }, lines(request)),
    response ? el("pre", { tabindex: "0", "aria-label": "Response" }, lines(response), body ? `\n${body}` : null) : null,
  ];
}

function lines(all) {
  return all.flatMap((line) => [/^(access-control-|origin:|vary:)/i.test(line) ? el("b", {}, line) : line, "\n"]);
}

function log(entries) {
  const text = ([name, value]) => `${name}=${/\s/.test(value) ? JSON.stringify(value) : value}`;
  const words = (entry) => SHOWN_IN_LOG.filter((name) => (entry[name] ?? null) !== null).flatMap((name) => {
    const word = text([name, entry[name]]);
    return [name === "reason" || name === "remedy" ? el("b", {}, word) : word, " "];
  });
  return [
    el("h5", {}, "What the gateway’s log says"),
    el("pre", { tabindex: "0", "aria-label": "Log" }, entries.flatMap((entry) => [...words(entry), "\n"])),
  ];
}
