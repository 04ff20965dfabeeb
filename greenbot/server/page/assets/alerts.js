// Alerts that are not over, and what an admin may do about them.
import { byId, keyed, make, setAttribute, setHidden, setText } from "./dom.js";
import { change } from "./feed.js";
import { ago, words } from "./format.js";

const SIGNS = { ">": "above", ">=": "from", "<": "below", "<=": "up to" };
const SESSION = "/api/v1/monitoring/session/admin";

function measure({ metric, op, value_text: value, threshold_text: threshold }) {
  return `${words(metric)} ${value === null ? "not known" : value}, rule ${SIGNS[op] ?? op} ${threshold}`;
}

const keyOf = (alert) => JSON.stringify([alert.rule, alert.instance]);

export class Alerts {
  #unlocked = false;
  #acting = null;

  constructor() {
    byId("admin").addEventListener("click", () => (this.#unlocked ? this.#lock() : this.#ask()));
    byId("unlock-form").addEventListener("submit", (event) => this.#unlock(event));
    byId("act-form").addEventListener("submit", (event) => this.#act(event));
    for (const button of document.querySelectorAll("dialog [data-close]")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
    byId("unlock").addEventListener("close", () => {
      byId("admin-token").value = "";
    });
    this.#remember();
  }

  draw({ alerts }, nowMs) {
    keyed(byId("alerts"), alerts, keyOf, (alert) => this.#item(alert), (node, alert) => {
      setAttribute(node.root, "data-severity", alert.severity);
      setAttribute(node.root, "data-state", alert.state);
      setText(node.severity, alert.severity);
      setText(node.state, alert.acked_by ? `acknowledged by ${alert.acked_by}` : words(alert.state));
      setText(node.rule, alert.rule);
      setText(node.instance, alert.instance === "*" || alert.instance === "" ? "whole fleet" : alert.instance);
      setText(node.measure, measure(alert));
      setText(node.since, ago(alert.since_at_ms, nowMs));
      setHidden(node.ack, alert.state === "pending");
      setText(node.ack, alert.acked_by ? "Take back" : "Acknowledge");
      node.alert = alert;
    });
    setHidden(byId("alerts-none"), alerts.length > 0);
    setAttribute(byId("alerts-section"), "data-quiet", alerts.length ? null : "");
  }

  #item() {
    const node = { alert: null };
    for (const name of ["severity", "state", "measure", "since"]) node[name] = make("span", name);
    for (const name of ["rule", "instance"]) node[name] = make("bdi", name);
    node.ack = make("button", "", "Acknowledge");
    node.silence = make("button", "", "Silence");
    node.ack.addEventListener("click", () => this.#open(node.alert, node.alert.acked_by ? "unack" : "ack"));
    node.silence.addEventListener("click", () => this.#open(node.alert, "silence"));
    for (const button of [node.ack, node.silence]) button.type = "button";
    const title = make("div", "title", node.severity, node.rule, node.instance);
    const detail = make("div", "detail", node.measure, node.state, node.since);
    node.root = make("li", "alert", make("div", "words", title, detail), make("div", "actions", node.ack, node.silence));
    return node;
  }

  #open(alert, action) {
    const titles = { ack: "Acknowledge", unack: "Take the acknowledgement back", silence: "Silence" };
    this.#acting = { alert, action };
    setText(byId("act-title"), titles[action]);
    setText(byId("act-what"), `${alert.rule}, ${alert.instance}`);
    setHidden(byId("act-duration-row"), action !== "silence");
    setHidden(byId("act-comment-row"), action === "unack");
    byId("act-comment").required = action === "silence";
    byId("act-comment").value = "";
    setText(byId("act-problem"), "");
    byId("act").showModal();
  }

  async #act(event) {
    event.preventDefault();
    const { alert, action } = this.#acting;
    const about = { rule: alert.rule, instance: alert.instance };
    const comment = byId("act-comment").value.trim();
    const wanted = {
      ack: ["alerts/ack", { ...about, comment }],
      unack: ["alerts/unack", about],
      silence: ["alerts/silences", { ...about, comment, duration: byId("act-duration").value }],
    };
    const problem = await change("POST", ...wanted[action]);
    if (problem === "locked") {
      byId("act").close();
      this.#show(false);
      this.#ask();
    } else if (problem) {
      setText(byId("act-problem"), problem);
    } else {
      byId("act").close();
      setText(byId("news"), "Done.");
    }
  }

  #ask() {
    setText(byId("unlock-problem"), "");
    byId("unlock").showModal();
  }

  async #unlock(event) {
    event.preventDefault();
    const token = byId("admin-token").value.trim();
    const answer = /^[!-~]+$/.test(token)
      ? await fetch(SESSION, { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => null)
      : { ok: false, status: 401 };
    if (answer?.ok) {
      byId("unlock").close();
      this.#show(true);
    } else {
      const said = { 401: "This is not the admin token of this service.", 429: "Too many wrong tokens. Wait a minute." };
      setText(byId("unlock-problem"), answer ? (said[answer.status] ?? `The server answered ${answer.status}.`) : "The server cannot be reached.");
    }
  }

  async #lock() {
    await this.forget();
    this.#show(false);
  }

  // End the admin's session, where there is one.
  async forget() {
    if (this.#unlocked) await fetch(SESSION, { method: "DELETE" }).catch(() => null);
  }

  async #remember() {
    const answer = await fetch(SESSION, { cache: "no-store" }).catch(() => null);
    this.#show(answer?.ok === true);
  }

  #show(unlocked) {
    this.#unlocked = unlocked;
    document.body.toggleAttribute("data-admin", unlocked);
    setText(byId("admin"), unlocked ? "Lock actions" : "Unlock actions");
    setAttribute(byId("admin"), "aria-pressed", unlocked);
  }
}
