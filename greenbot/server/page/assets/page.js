// The page: what was learned last, how old it is, and what changed for those who do not see it.
import { Alerts } from "./alerts.js";
import { Charts } from "./charts.js";
import { byId, keyed, make, setAttribute, setHidden, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { Verdict, drawFigures } from "./figures.js";
import { Fleet } from "./fleet.js";
import { ago, clock, plural, span, words } from "./format.js";

const OLD_FIGURES_MS = 45000;
const MOST_NEWS = 4;

const fleet = new Fleet();
const verdict = new Verdict((standing) => fleet.show(standing));
const charts = new Charts();
const alerts = new Alerts();

let overview = null;
// The server's clock is the one that counts; ours only says how much later it is.
let heardAt = 0;
let answeredAt = 0;
let troubleSince = 0;
let told = null;

const nowMs = () => overview.at_ms + performance.now() - heardAt;

export function show(news) {
  overview = news;
  heardAt = performance.now();
  verdict.draw(overview);
  drawFigures(overview);
  charts.draw(overview);
  tell();
  document.title = title();
  document.body.removeAttribute("aria-busy");
  answered();
}

// What grows older while nothing else changes, too.
function answered() {
  answeredAt = performance.now();
  troubleSince = 0;
  alerts.draw(overview, nowMs());
  fleet.draw(overview, nowMs());
  drawProblems();
  drawParts();
  drawConnection();
  setHidden(byId("banner"), true);
}

function title() {
  const firing = overview.alerts.filter((alert) => alert.state !== "pending" && !alert.acked_by).length;
  return `${firing ? `(${firing}) ` : ""}greenbot`;
}

function drawProblems() {
  const known = overview.problems;
  keyed(byId("problems"), known, (one) => one.id, () => {
    const node = {};
    for (const name of ["state", "why", "when"]) node[name] = make("span", name);
    node.instance = make("bdi", "instance");
    node.root = make("li", "", node.state, node.instance, node.why, node.when);
    return node;
  }, (node, one) => {
    setAttribute(node.root, "data-state", one.state);
    setText(node.state, words(one.state));
    setText(node.instance, one.instance);
    setText(node.why, `${one.id} ${words(one.kind)}${one.reason ? `: ${words(one.reason)}` : ""}`);
    setText(node.when, ago(one.at_ms, nowMs()));
  });
  setHidden(byId("problems-none"), known.length > 0);
}

function drawParts() {
  keyed(byId("parts"), overview.service.parts, (part) => part.name, () => {
    const node = { name: make("span", "name"), state: make("span", "state") };
    node.root = make("li", "", node.name, node.state);
    return node;
  }, (node, part) => {
    setText(node.name, words(part.name));
    setText(node.state, part.alive ? "works" : `last seen ${ago(part.seen_at_ms, nowMs())}`);
    setAttribute(node.root, "data-alive", part.alive);
  });
  setHidden(byId("parts-none"), overview.service.parts.length > 0);
}

// Said aloud: only what changed, never every number.
function tell() {
  const now = new Map();
  for (const alert of overview.alerts) {
    if (alert.state !== "pending") now.set(`${alert.rule} ${alert.instance}`, [`${alert.rule} fires for ${alert.instance}`, `${alert.rule} is over for ${alert.instance}`]);
  }
  for (const one of overview.instances) {
    if (one.standing === "down") now.set(one.name, [`${one.name} is down`, `${one.name} is no longer down`]);
  }
  if (told !== null) {
    const began = [...now].filter(([key]) => !told.has(key)).map(([, [words]]) => words);
    const ended = [...told].filter(([key]) => !now.has(key)).map(([, [, words]]) => words);
    const news = [...began, ...ended];
    const more = news.length > MOST_NEWS ? `, and ${plural(news.length - MOST_NEWS, "other change")}` : "";
    if (news.length) setText(byId("news"), news.slice(0, MOST_NEWS).join(". ") + more);
  }
  told = now;
}

function drawConnection() {
  const age = performance.now() - answeredAt;
  const pill = byId("connection");
  const text = byId("connection-text");
  if (troubleSince) {
    setAttribute(pill, "data-state", "offline");
    setText(text, overview ? `Offline for ${span(performance.now() - troubleSince)}` : "Offline");
  } else if (overview) {
    setAttribute(pill, "data-state", "live");
    setText(text, age < 6000 ? "Live" : `Live, ${span(age)} ago`);
    const figuresAge = nowMs() - overview.figures_at_ms;
    setText(byId("figures-age"), figuresAge > OLD_FIGURES_MS ? `figures are ${span(figuresAge)} old` : "figures are fresh");
  }
  document.body.toggleAttribute("data-stale", troubleSince !== 0);
}

function trouble(why) {
  if (!troubleSince) {
    troubleSince = performance.now();
    const since = clock(Date.now());
    setText(byId("banner"), overview
      ? `No connection since ${since}: ${why}. Below are the last numbers, of ${clock(overview.at_ms)}.`
      : `No connection since ${since}: ${why}.`);
  }
  setHidden(byId("banner"), false);
  drawConnection();
}

function signedOut() {
  setText(byId("banner"), "The session is over. Load this page again to sign in.");
  setHidden(byId("banner"), false);
  document.body.toggleAttribute("data-stale", true);
  setAttribute(byId("connection"), "data-state", "offline");
  setText(byId("connection-text"), "Signed out");
  clearInterval(ticking);
}

const ticking = setInterval(drawConnection, 1000);
byId("sign-out").addEventListener("click", async () => {
  await alerts.forget();
  await fetch("/api/v1/monitoring/session/viewer", { method: "DELETE" }).catch(() => null);
  location.reload();
});
new Feed({ onData: show, onSame: answered, onTrouble: trouble, onSignedOut: signedOut }).start();
