// Makes a call as an add-in makes it, and tells what the browser let its page read.

const PATIENCE_MS = 30_000;
const SHOWN_CHARACTERS = 4000;

/** Return what a page learns from one call to the server at `base`. */
export async function make(call, base) {
  const started = performance.now();
  try {
    const response = await fetch(base + call.path, {
      method: call.method,
      headers: call.headers,
      body: call.body ?? undefined,
      credentials: call.credentials ? "include" : "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = await response.text();
    return {
      status: response.status,
      redirectedTo: response.redirected ? response.url : null,
      headers: [...response.headers],
      missing: call.needs.filter((name) => !response.headers.has(name)),
      octets: new TextEncoder().encode(body).length,
      body: body.slice(0, SHOWN_CHARACTERS),
      milliseconds: Math.round(performance.now() - started),
    };
  } catch (error) {
    // This is all a page is ever told, whatever the cause.
    return { error: `${error.name}: ${error.message}` };
  }
}

/** Return `readable`, `part` when a header field the add-in needs is withheld, or `refused`. */
export function stateOf(outcome) {
  if (outcome.error) return "refused";
  return outcome.missing.length ? "part" : "readable";
}

/** Return the gateway's own problem in an outcome, if it is one (RFC 9457). */
export function problemOf(outcome) {
  const type = outcome.headers?.find(([name]) => name === "content-type")?.[1] ?? "";
  if (!type.startsWith("application/problem+json")) return null;
  try {
    return JSON.parse(outcome.body);
  } catch {
    return null;
  }
}
