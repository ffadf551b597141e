// The add-in page: makes its calls both ways, lets the foreign page make them too, and shows what came of it.

import { make, problemOf } from "/call.js";
import { WAYS, row } from "/row.js";
import { count } from "/summary.js";
import { highlighted } from "/yaml.js";

const FRAME_PATIENCE_MS = 10_000;

const $ = (id) => document.getElementById(id);
const plan = await (await fetch("/api/plan")).json();
const wanted = plan.calls.filter((call) => call.wanted);
const unwanted = plan.calls.filter((call) => !call.wanted);
const rows = new Map();
const frame = $("foreign");

let outcomes = {};
let foreignOutcomes = {};
let tellForeign = () => {};

for (const [list, calls] of [[$("wanted"), wanted], [$("unwanted"), unwanted]]) {
  calls.forEach((call, index) => {
    const entry = row(call, String(index + 1));
    rows.set(call.id, entry);
    list.append(entry.item);
  });
}
for (const element of document.querySelectorAll("[data-mode]")) {
  element.hidden = element.dataset.mode !== (plan.own ? "own" : "demo");
}
$("page-origin").textContent = plan.page;
$("foreign-origin").textContent = plan.foreign;
$("yaml").replaceChildren(...highlighted(plan.configuration));
$("yaml-file").textContent = plan.configuration_file;
$("log-file").textContent = plan.log_file;

function summarize() {
  const of = (all, way, meant) => {
    const { read, nodes } = count(wanted, all, way, meant);
    $(`sum-${meant ? "addin" : "foreign"}-${way}`).replaceChildren(...nodes);
    return `${read} of ${wanted.length}`;
  };
  const [direct, gateway] = WAYS.map((way) => of(outcomes, way, true));
  const [foreignDirect, foreignGateway] = WAYS.map((way) => of(foreignOutcomes, way, false));
  return `The add-in page can read ${direct} directly and ${gateway} through the gateway. `
    + `The foreign page can read ${foreignDirect} directly and ${foreignGateway} through the gateway.`;
}

async function makeAll() {
  for (const call of plan.calls.filter(({ foreign }) => !foreign)) {
    outcomes[call.id] = {};
    for (const way of WAYS) {
      outcomes[call.id][way] = await make(call, plan.bases[call.site][way]);
      rows.get(call.id).show(way, outcomes[call.id][way]);
      summarize();
    }
  }
}

/** Ask the foreign page to make its calls, and return what it reports; nothing, when its frame did not come up. */
async function askForeign() {
  if (!await Promise.race([ready, after(FRAME_PATIENCE_MS)])) return {};
  return new Promise((resolve) => {
    tellForeign = resolve;
    frame.contentWindow.postMessage("run", plan.foreign);
  });
}

function after(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds, false); });
}

async function explainAll() {
  for (const call of plan.calls) {
    const made = (call.foreign ? foreignOutcomes : outcomes)[call.id];
    if (!made) continue;
    for (const way of WAYS) {
      const answer = await fetch(`/api/replay/${call.id}/${way}`);
      rows.get(call.id).explain(way, made[way], answer.ok ? await answer.json() : null);
    }
    if (call.wanted && foreignOutcomes[call.id]) rows.get(call.id).foreign(foreignOutcomes[call.id]);
  }
}

async function run() {
  document.documentElement.dataset.state = "running";
  $("again").disabled = true;
  outcomes = {};
  foreignOutcomes = {};
  $("summary").textContent = "";
  rows.forEach((entry) => entry.reset());
  summarize();
  $("ended").hidden = true;
  $("unreached").hidden = true;
  try {
    await makeAll();
    warn();
    foreignOutcomes = await askForeign();
    await explainAll();
    $("summary").textContent = summarize();
  } catch {
    $("ended").hidden = false; // what cannot fail but by the page's own server being gone
  }
  $("again").disabled = false;
  document.documentElement.dataset.state = "done";
}

/** Say so when the gateway itself had to answer every call: then its CRM is not there, and nothing is proven. */
function warn() {
  const problems = wanted.map((call) => problemOf(outcomes[call.id].gateway));
  const [problem] = problems;
  $("unreached").hidden = !problems.every(Boolean);
  if (problem) $("unreached").textContent = `The gateway does not reach the CRM. ${problem.detail} What helps: ${problem.remedy}.`;
}

/** Open the call that the address names, so that a link to it shows what it promises. */
function open() {
  const details = document.getElementById(location.hash.slice(1))?.querySelector("details");
  if (details) details.open = true;
}

const ready = new Promise((resolve) => {
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== plan.foreign) return;
    if (data === "ready") resolve(true);
    if (data.height) frame.height = data.height;
    if (data.outcomes) tellForeign(data.outcomes);
  });
});
frame.src = `${plan.foreign}/`;
$("again").addEventListener("click", run);
addEventListener("hashchange", open);
open();
await run();
