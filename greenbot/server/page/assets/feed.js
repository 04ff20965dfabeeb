// One request per refresh, and what is known when none comes through.

const METRICS = "/api/v1/monitoring/metrics";
const EVERY_MS = 3000;
const SLOWEST_MS = 15000;
const PATIENCE_MS = 10000;

export class Feed {
  #handlers;
  #timer = 0;
  #etag = "";
  #failures = 0;
  #asking = false;
  #over = false;

  // `onData(overview)`, `onSame()`, `onTrouble(words)`, `onSignedOut()`.
  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener("visibilitychange", () => this.#look());
    addEventListener("online", () => this.#look());
    addEventListener("offline", () => this.#handlers.onTrouble("this device is offline"));
  }

  start() {
    this.#look();
  }

  // Ask at once, unless nobody is looking.
  #look() {
    clearTimeout(this.#timer);
    if (!document.hidden && !this.#over) this.#ask();
  }

  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await this.#once();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#handlers.onTrouble(error instanceof Refused ? error.message : "the server cannot be reached");
    } finally {
      this.#asking = false;
    }
    const pause = Math.min(SLOWEST_MS, EVERY_MS * 2 ** Math.min(this.#failures, 4));
    clearTimeout(this.#timer);
    if (!document.hidden && !this.#over) this.#timer = setTimeout(() => this.#ask(), this.#failures ? pause : EVERY_MS);
  }

  async #once() {
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const answer = await fetch(METRICS, { cache: "no-store", headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status === 304) {
      this.#handlers.onSame();
      return;
    }
    if (answer.status === 401) {
      this.#over = true;
      this.#handlers.onSignedOut();
      return;
    }
    if (!answer.ok) throw new Refused(`the server answered ${answer.status}`);
    const overview = await answer.json();
    this.#etag = answer.headers.get("ETag") ?? "";
    this.#handlers.onData(overview);
  }
}

class Refused extends Error {}

// Change something. Returns what is to be said when it was refused, "" when it was done.
export async function change(method, path, body) {
  const answer = await fetch(`/api/v1/monitoring/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => null);
  if (answer === null) return "The server cannot be reached.";
  if (answer.ok) return "";
  if (answer.status === 401) return "locked";
  const told = await answer.json().catch(() => null);
  return told?.error?.message ?? `The server answered ${answer.status}.`;
}
