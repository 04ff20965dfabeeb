// Numbers and times as people read them.

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const NONE = "\u2013";

export function count(value) {
  return value === null || value === undefined ? NONE : WHOLE.format(value);
}

export function share(percent) {
  if (percent === null || percent === undefined) return NONE;
  if (percent === 0 || percent >= 99.95) return `${percent.toFixed(0)}\u202f%`;
  return `${percent < 0.1 ? "<0.1" : percent.toFixed(percent < 10 ? 1 : 0)}\u202f%`;
}

export function millis(value) {
  if (value === null || value === undefined) return NONE;
  if (value < 1000) return `${Math.round(value)}\u202fms`;
  return value < 60000 ? `${(value / 1000).toFixed(value < 10000 ? 2 : 1)}\u202fs` : span(value);
}

// One unit is enough to act on.
export function span(ms) {
  if (ms === null || ms === undefined) return NONE;
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds}\u202fs`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)}\u202fmin`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)}\u202fh`;
  return `${Math.round(seconds / 86400)}\u202fd`;
}

export function ago(atMs, nowMs) {
  return atMs ? `${span(nowMs - atMs)} ago` : NONE;
}

export function clock(ms) {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((each) => String(each).padStart(2, "0")).join(":");
}

export function words(name) {
  return String(name ?? "").replaceAll("_", " ");
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
