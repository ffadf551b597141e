// The page whose origin no rule lists. It makes the add-in's calls and reports what it could read.

import { make, stateOf } from "/call.js";

const plan = await (await fetch("/api/plan")).json();
const calls = plan.calls.filter((call) => call.wanted || call.foreign);
const shown = calls.filter((call) => call.wanted);
const rows = document.getElementById("tries");
document.getElementById("origin").textContent = location.origin;

function cell(outcome) {
  const td = document.createElement("td");
  if (!outcome) {
    td.textContent = "…";
    return td;
  }
  const read = stateOf(outcome) !== "refused";
  const word = document.createElement("span");
  word.className = read ? "badge bad" : "badge good";
  word.textContent = read ? "read it" : "refused";
  const rest = document.createElement("span");
  rest.className = "muted";
  rest.textContent = read ? ` ${outcome.status}, ${outcome.octets} octets` : "";
  td.append(word, rest);
  return td;
}

function show(outcomes) {
  rows.replaceChildren(...shown.map((call) => {
    const tr = document.createElement("tr");
    const th = document.createElement("th");
    th.scope = "row";
    th.textContent = call.title;
    tr.append(th, cell(outcomes[call.id]?.direct), cell(outcomes[call.id]?.gateway));
    return tr;
  }));
  report({ height: document.documentElement.scrollHeight });
}

function report(news) {
  if (parent !== window) parent.postMessage(news, plan.page);
}

async function run() {
  const outcomes = {};
  for (const call of calls) {
    outcomes[call.id] = {};
    for (const way of ["direct", "gateway"]) {
      outcomes[call.id][way] = await make(call, plan.bases[call.site][way]);
    }
  }
  show(outcomes);
  report({ outcomes });
}

addEventListener("message", (event) => {
  if (event.source === parent && event.origin === plan.page && event.data === "run") run();
});
addEventListener("resize", () => report({ height: document.documentElement.scrollHeight }));

show({});
if (parent === window) run();
else report("ready");
