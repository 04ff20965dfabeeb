"""What is asked of the page from inside: small programs that run in the browser and tell what they find."""

#: Texts whose colour stands out too little from what lies behind them: WCAG 2.1 AA asks for 4.5, of large texts 3.
CONTRAST = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((each, at) => each * a + below[at] * (1 - a));
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (color) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.map((each) => linear(each / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.nodeValue.trim() || !node.checkVisibility({ visibilityProperty: true })) continue;
    if (node.closest("script, noscript, .unseen, [hidden], option")) continue;
    texts += 1;
    const style = getComputedStyle(node);
    const ground = behind(node);
    const pair = [light(over(rgba(style.color), ground)), light(ground)].sort();
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) weak.push(`${node.className || node.tagName} ${contrast.toFixed(2)}`);
  }
  return { texts, weak: [...new Set(weak)] };
})()
"""

#: What a guest's or an operator's bytes must never become.
ELEMENTS = """
["img", "script", "a", "iframe", "svg", "object", "form", "style"]
  .flatMap((tag) => [...document.querySelectorAll(`main ${tag}`)])
  .map((node) => node.outerHTML)
  .concat([...document.querySelectorAll("*")].filter((node) =>
    [...node.attributes].some((each) => each.name.startsWith("on") || /^\\s*javascript:/i.test(each.value)
      && each.name !== "title")).map((node) => node.outerHTML))
"""

#: Wider than the window: somebody would have to scroll sideways.
OVERFLOW = """
document.documentElement.scrollWidth > document.documentElement.clientWidth
  ? [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
      .slice(0, 5).map((node) => node.className || node.tagName)
  : []
"""

#: A day of looks, one every three seconds, through the very code that draws what the server says.
DAY = """
(async () => {
  const { show } = await import("/api/v1/monitoring/dashboard/page.js");
  const look = structuredClone(window.kept ??= await (await fetch("/api/v1/monitoring/metrics")).json());
  for (let turn = 0; turn < TURNS; turn++) {
    look.at_ms += 3000;
    look.figures_at_ms += 3000;
    for (const [place, one] of look.instances.entries()) {
      one.figures.requests = (one.figures.requests * 31 + place + turn) % 997;
      one.figures.response_time_p95_ms = (turn * 7 + place * 13) % 4000;
      one.figures.last_request_at_ms = look.at_ms - ((turn + place) % 90) * 1000;
      one.queue.queued = (turn + place) % 40;
      one.reason = `reason ${turn % 50}`;
    }
    if (turn % 20 === 0) look.trend = [...look.trend.slice(1), { ...look.trend[0], at_s: look.trend.at(-1).at_s + 60 }];
    if (turn % 11 === 0) look.instances.push(look.instances.shift());
    const alert = (number) => ({
      rule: `rule-${number % 9}`, instance: look.instances[number % look.instances.length].name, state: "firing",
      severity: "high", metric: "error_rate", op: ">", threshold: 10, value: number % 100, unit: "percent",
      value_text: `${number % 100} %`, threshold_text: "10 %", since_at_ms: look.at_ms, reason: "", acked_by: null,
      description: "",
    });
    look.alerts = turn % 30 < 15 ? [alert(turn), alert(turn + 1)] : [];
    look.errors = [{ status: 503, kind: `kind_${turn % 40}`, count: 1 + (turn % 9) }];
    show(look);
    if (turn % 60 === 0) await new Promise((next) => setTimeout(next));
  }
  return true;
})()
"""

#: Controls whose purpose a screen reader could not say.
ROLES = frozenset({"button", "textbox", "searchbox", "combobox", "link", "table", "image", "dialog", "main", "region"})
