// Every instance, the worst first.
import { byId, keyed, make, plain, setAttribute, setHidden, setText } from "./dom.js";
import { OLD_MS, STANDINGS } from "./figures.js";
import { ago, count, millis, plural, share, span, words } from "./format.js";

const NARROW = matchMedia("(max-width: 640px)");
const first = () => (NARROW.matches ? 12 : 30);

// Why it stands as it does, in a few words.
function note(one) {
  const parts = [];
  if (one.paused) parts.push(`paused: ${one.paused}`);
  if (one.health && !["authorized", "unknown"].includes(one.health)) parts.push(words(one.health));
  else if (one.account && one.account !== "authorized") parts.push(one.account);
  if (one.reason && one.reason !== one.account && one.reason !== one.health) parts.push(one.reason);
  for (const [host, state] of Object.entries(one.breakers)) parts.push(`${host}: breaker ${words(state)}`);
  if (one.queue.uncertain) parts.push(`${count(one.queue.uncertain)} uncertain`);
  if (one.queue.stalled) parts.push(`${count(one.queue.stalled)} stalled`);
  if (one.alerts) parts.push(plural(one.alerts, "alert"));
  return parts.join(" \u00b7 ");
}

function row() {
  const mark = make("span", "mark");
  mark.setAttribute("aria-hidden", "true");
  const name = make("bdi", "name");
  const standing = make("span", "standing-word");
  const why = make("bdi", "why");
  const head = make("th", "", make("div", "who", mark, name, standing), why);
  head.scope = "row";
  const cells = ["number wide", "number", "number", "number wide", "number", "number wide", "number wide"].map((each) =>
    make("td", each),
  );
  return { root: make("tr", "", head, ...cells), mark, name, standing, why, cells };
}

function update(node, one, nowMs) {
  const { figures, queue, standing } = one;
  setAttribute(node.root, "data-standing", standing);
  setText(node.mark, STANDINGS[standing].mark);
  setText(node.name, one.name);
  setAttribute(node.name, "title", plain(one.name));
  setText(node.standing, STANDINGS[standing].word);
  const why = plain(note(one));
  setText(node.why, why);
  setAttribute(node.why, "title", why || null);
  setHidden(node.why, why === "");
  const values = [
    count(figures.requests), share(figures.error_rate), millis(figures.response_time_p95_ms), count(figures.messages_sent),
    count(queue.queued), span(queue.oldest_age_ms), ago(figures.last_request_at_ms, nowMs),
  ];
  values.forEach((value, place) => setText(node.cells[place], value));
  setAttribute(node.cells[1], "data-bad", figures.error_rate >= 10 ? "" : null);
  setAttribute(node.cells[5], "data-bad", queue.oldest_age_ms > OLD_MS ? "" : null);
}

export class Fleet {
  #overview = null;
  #nowMs = 0;
  #standing = "";
  #whole = false;

  constructor() {
    byId("filter").addEventListener("input", () => this.#draw());
    NARROW.addEventListener("change", () => this.#draw());
    byId("more").addEventListener("click", () => {
      this.#whole = !this.#whole;
      this.#draw();
    });
  }

  show(standing) {
    this.#standing = standing;
    this.#draw();
  }

  draw(overview, nowMs) {
    this.#overview = overview;
    this.#nowMs = nowMs;
    this.#draw();
  }

  #draw() {
    if (this.#overview === null) return;
    const all = this.#overview.instances;
    const sought = byId("filter").value.trim().toLowerCase();
    const found = all.filter(
      (one) => (!this.#standing || one.standing === this.#standing) && (!sought || one.name.toLowerCase().includes(sought)),
    );
    const shown = this.#whole ? found : found.slice(0, first());
    keyed(byId("instances"), shown, (one) => one.name, row, (node, one) => update(node, one, this.#nowMs));
    setText(byId("fleet-note"), shown.length < all.length ? `the worst ${count(shown.length)} of ${count(all.length)}` : "worst first");
    setText(byId("fleet-none"), all.length ? "No instance fits." : "None is configured. Add one with: greenbot instances add");
    setHidden(byId("fleet-none"), shown.length > 0);
    setHidden(byId("filter"), all.length < 8);
    setHidden(byId("more"), found.length <= first());
    setText(byId("more"), this.#whole ? `Show the worst ${first()} only` : `Show all ${count(found.length)}`);
  }
}
