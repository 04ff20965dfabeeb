// The verdict in one sentence, how many instances stand how, and the figures of the last five minutes.
import { byId, keyed, make, setAttribute, setHidden, setText } from "./dom.js";
import { count, millis, plural, share, span } from "./format.js";

// A message that waits longer should have left.
export const OLD_MS = 300000;

// Told apart by words and shape, not by colour alone.
export const STANDINGS = {
  down: { mark: "\u25b2", word: "down" },
  trouble: { mark: "\u25c6", word: "in trouble" },
  waiting: { mark: "\u25d0", word: "with a queue" },
  fine: { mark: "\u25cf", word: "fine" },
  silent: { mark: "\u25cb", word: "silent" },
};

function tally(instances) {
  const counts = Object.fromEntries(Object.keys(STANDINGS).map((each) => [each, 0]));
  for (const { standing } of instances) counts[standing] += 1;
  return counts;
}

function sentence(instances, counts) {
  if (instances.length === 0) return "No instances yet";
  if (counts.down === 1) return `${instances.find((each) => each.standing === "down").name} is down`;
  if (counts.down) return `${count(counts.down)} of ${plural(instances.length, "instance")} are down`;
  if (counts.trouble === 1) return `${instances.find((each) => each.standing === "trouble").name} is in trouble`;
  if (counts.trouble) return `${count(counts.trouble)} of ${plural(instances.length, "instance")} are in trouble`;
  if (counts.silent === instances.length) return "All is silent";
  return instances.length === 1 ? `${instances[0].name} is fine` : `All ${count(instances.length)} instances are fine`;
}

export class Verdict {
  #chosen = "";
  #onChoice;

  constructor(onChoice) {
    this.#onChoice = onChoice;
  }

  draw(overview) {
    const { instances } = overview;
    const counts = tally(instances);
    const worst = instances.length ? Object.keys(STANDINGS).find((each) => counts[each] > 0) : "silent";
    setAttribute(byId("verdict"), "data-standing", worst);
    setText(byId("verdict"), sentence(instances, counts));
    setText(byId("verdict-note"), this.#note(overview));
    const shown = Object.keys(STANDINGS).filter((each) => counts[each] > 0);
    if (this.#chosen && !counts[this.#chosen]) this.#choose("");
    keyed(byId("standings"), shown, (each) => each, (each) => this.#button(each), (node, each) => {
      setText(node.number, count(counts[each]));
      setAttribute(node.root, "aria-pressed", this.#chosen === each);
    });
    keyed(byId("ribbon"), shown, (each) => each, (each) => {
      const root = make("span");
      root.dataset.standing = each;
      return { root };
    }, (node, each) => {
      node.root.style.flexGrow = String(counts[each]);
    });
    setHidden(byId("ribbon"), instances.length === 0);
  }

  #note({ instances, alerts }) {
    if (instances.length === 0) return "Add one with: greenbot instances add";
    const firing = alerts.filter((alert) => alert.state !== "pending").length;
    return firing ? `${plural(firing, "alert")} firing` : "no alert is firing";
  }

  #button(standing) {
    const number = make("b");
    const mark = make("span", "mark", STANDINGS[standing].mark);
    mark.setAttribute("aria-hidden", "true");
    const root = make("button", "standing", mark, number, make("span", "", STANDINGS[standing].word));
    root.type = "button";
    root.dataset.standing = standing;
    root.addEventListener("click", () => this.#choose(this.#chosen === standing ? "" : standing));
    return { root, number };
  }

  #choose(standing) {
    this.#chosen = standing;
    for (const button of byId("standings").children) setAttribute(button, "aria-pressed", button.dataset.standing === standing);
    this.#onChoice(standing);
  }
}

// Name, value, what stands below it, and whether that is bad.
function tiles({ fleet, queue, inbox }) {
  const doubt = queue.uncertain + queue.stalled;
  const slow = fleet.response_time_p95_ms > 5000;
  return [
    ["Calls", count(fleet.requests), `${plural(fleet.errors, "error")}, ${share(fleet.error_rate)}`, fleet.error_rate >= 10],
    ["Response p95", millis(fleet.response_time_p95_ms),
      `p50 ${millis(fleet.response_time_p50_ms)}, p99 ${millis(fleet.response_time_p99_ms)}`, slow],
    ["Messages sent", count(fleet.messages_sent), `${count(fleet.messages_failed)} failed`, fleet.messages_failed > 0],
    ["Delivered", share(fleet.delivery_ratio),
      fleet.time_to_delivered_ms === null ? "no receipts" : `after ${millis(fleet.time_to_delivered_ms)}`, false],
    ["Events", count(fleet.events), `${count(inbox.waiting)} waiting, ${count(inbox.dead)} dead`, inbox.dead > 0],
    ["Queue", count(queue.queued), queue.oldest_age_ms === null ? "nobody waits" : `oldest ${span(queue.oldest_age_ms)}`,
      queue.oldest_age_ms > OLD_MS],
    ["In doubt", count(doubt), `${count(queue.uncertain)} uncertain, ${count(queue.stalled)} stalled`, doubt > 0],
    ["Rate limits hit", count(fleet.rate_limit_hits),
      `${plural(fleet.rate_limit_waits, "wait")}, ${millis(fleet.rate_limit_wait_time_ms)}`, fleet.rate_limit_hits > 0],
  ];
}

export function drawFigures(overview) {
  keyed(byId("figures"), tiles(overview), ([name]) => name, ([name]) => {
    const value = make("dd", "value");
    const note = make("dd", "note");
    return { root: make("div", "figure", make("dt", "", name), value, note), value, note };
  }, (node, [, value, note, bad]) => {
    setText(node.value, value);
    setText(node.note, note);
    setAttribute(node.root, "data-bad", bad ? "" : null);
  });
}
