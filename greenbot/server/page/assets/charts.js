// The last hour, drawn with uPlot, and said in words below each drawing.
import { byId, keyed, make, setAttribute, setHidden, setText } from "./dom.js";
import { clock, count, millis, share, words } from "./format.js";

const RESPONSE = [
  { name: "p50", field: "response_time_p50_ms", color: "--p50", width: 2 },
  { name: "p95", field: "response_time_p95_ms", color: "--p95", width: 2 },
  { name: "p99", field: "response_time_p99_ms", color: "--p99", width: 1.5, dash: [5, 4] },
];
const TRAFFIC = [
  { name: "messages", field: "messages", color: "--messages", width: 2, fill: true },
  { name: "events", field: "events", color: "--events", width: 2 },
  { name: "failed messages", field: "message_failures", color: "--failed", width: 2, dash: [5, 4] },
];

const STATUSES = {
  400: "bad request", 401: "unauthorized", 403: "forbidden", 404: "not found", 429: "too many requests",
  500: "server error", 502: "bad gateway", 503: "service unavailable", 504: "gateway timeout",
};

// A kind that says no more than the status is said in words.
function kindOf({ status, kind }) {
  return kind === `http_${status}` ? (STATUSES[status] ?? "refused") : words(kind);
}

// Minutes between two silent ones: no line goes through them, so they need a point to be seen.
function alone(values) {
  const silent = (place) => values[place] === null || values[place] === undefined;
  return values.flatMap((_, place) => (!silent(place) && silent(place - 1) && silent(place + 1) ? [place] : []));
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

class Plot {
  #root;
  #said;
  #lines;
  #say;
  #plot = null;
  #minutes = [];
  #marks = new Map();

  constructor(id, lines, say) {
    this.#root = byId(id);
    this.#said = byId(`${id}-said`);
    this.#lines = lines;
    this.#say = say;
    this.#legend();
    new ResizeObserver(() => this.#resize()).observe(this.#root);
    document.addEventListener("themechange", () => {
      if (this.#plot) this.#build();
    });
  }

  draw(minutes) {
    this.#minutes = minutes;
    if (this.#plot === null) this.#build();
    else this.#plot.setData(this.#data());
    this.#read(minutes.length - 1);
  }

  #legend() {
    this.#marks.set("at", make("span", "at"));
    this.#said.append(this.#marks.get("at"));
    for (const line of this.#lines) {
      const value = make("b");
      const swatch = make("span", "swatch");
      swatch.dataset.line = line.name;
      swatch.setAttribute("aria-hidden", "true");
      this.#marks.set(line.name, value);
      this.#said.append(make("span", "entry", swatch, line.name, " ", value));
    }
  }

  #data() {
    return [this.#minutes.map((each) => each.at_s), ...this.#lines.map(({ field }) => this.#minutes.map((each) => each[field]))];
  }

  #size() {
    const { width, height } = this.#root.getBoundingClientRect();
    return { width: Math.max(100, Math.floor(width)), height: Math.max(80, Math.floor(height)) };
  }

  #resize() {
    const size = this.#size();
    if (this.#plot && (this.#plot.width !== size.width || this.#plot.height !== size.height)) this.#plot.setSize(size);
  }

  #build() {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data(), this.#root);
  }

  #options() {
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: color("--axis-font") };
    const low = this.#lines === RESPONSE ? 100 : 5;
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: (_, __, most) => [0, Math.max(low, (most ?? 0) * 1.1)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 26, values: (_, times) => times.map((at) => clock(at * 1000).slice(0, 5)), space: 70 },
        { ...axis, size: 54, values: (_, values) => values.map((each) => this.#say(each)), space: 34 },
      ],
      series: [{}, ...this.#lines.map((line) => this.#series(line))],
      hooks: { setCursor: [(plot) => this.#read(plot.cursor.idx ?? this.#minutes.length - 1)] },
    };
  }

  #series({ color: name, width, dash, fill }) {
    const stroke = color(name);
    const points = { show: true, size: 5, width: 0, fill: stroke, filter: (plot, line) => alone(plot.data[line]) };
    return { stroke, width, dash, fill: fill ? `${stroke}22` : undefined, points, spanGaps: false };
  }

  // What the lines say at one minute: the latest, or the one that is pointed at.
  #read(place) {
    const minute = this.#minutes[place];
    setText(this.#marks.get("at"), minute ? clock(minute.at_s * 1000).slice(0, 5) : "");
    for (const { name, field } of this.#lines) setText(this.#marks.get(name), this.#say(minute?.[field]));
  }
}

function drawShares(name, entries, cellsOf, create) {
  const total = entries.reduce((sum, entry) => sum + entry.count, 0);
  keyed(byId(name), entries, (entry) => cellsOf(entry).join(" "), create, (node, entry) => {
    cellsOf(entry).forEach((text, place) => setText(node.texts[place], text));
    node.bar.style.inlineSize = `${(100 * entry.count) / entries[0].count}%`;
    setText(node.percent, share((100 * entry.count) / total));
    setText(node.times, count(entry.count));
  });
  setHidden(byId(`${name}-table`), entries.length === 0);
  setHidden(byId(`${name}-none`), entries.length > 0);
}

function shareRow(...texts) {
  const bar = make("span", "filled");
  const percent = make("span", "percent");
  const times = make("td", "number");
  const share = make("td", "share", make("span", "track", bar), percent);
  return { root: make("tr", "", ...texts, share, times), texts, bar, percent, times };
}

function heading() {
  const node = make("th", "kind");
  node.scope = "row";
  return node;
}

function errorRow(entry) {
  const status = make("td", "status");
  const row = shareRow(status, heading());
  setAttribute(row.root, "data-class", entry.status === null ? "none" : String(entry.status)[0]);
  return row;
}

export class Charts {
  #response = new Plot("response", RESPONSE, millis);
  #traffic = new Plot("traffic", TRAFFIC, count);

  draw(overview) {
    this.#response.draw(overview.trend);
    this.#traffic.draw(overview.trend);
    drawShares("errors", overview.errors, (entry) => [entry.status ?? "none", kindOf(entry)], errorRow);
    drawShares("types", overview.event_types, ({ type }) => [words(type)], () => shareRow(heading()));
  }
}
