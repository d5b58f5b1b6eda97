// Charts over periods: the page drew their points; here their frame is moved to what was chosen, and values are told.
const SVG = "http://www.w3.org/2000/svg";
const EVERYBODY = "-1";
const CHART = { left: 50, top: 10, width: 300, height: 152 }; // as in charts.py

function draw(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

const strong = (at) => at === EVERYBODY || at === chosen.segment;
const visible = (lines) => Object.keys(lines).filter((at) => chosen.segment === "" || strong(at));
const span = (periods) => ({ first: chosen.from, last: Math.min(chosen.to, periods.length - 1) });

function extent(chart, first, last) {
  const every = visible(chart.lines).flatMap((at) => {
    const { v = [], l = [], h = [], t = [] } = chart.lines[at];
    return (strong(at) ? [v, l, h, t] : [v]).flatMap((values) => values.slice(first, last + 1));
  }).filter((value) => value !== null);
  const [low, high] = every.length ? [Math.min(...every), Math.max(...every)] : [0, 1];
  return high > low ? [low, high] : [low - Math.abs(low) / 10 - 0.1, high + Math.abs(high) / 10 + 0.1];
}

function redraw(svg, chart, { periods, depth }) {
  const { first, last } = span(periods);
  const ticks = niceTicks(...extent(chart, first, last));
  const down = (value) => ((chart.high - value) / (chart.high - chart.low)) * depth;
  const top = down(ticks.at(-1));
  svg.querySelector(".plot").setAttribute("viewBox", `${first} ${top} ${last - first || 1} ${down(ticks[0]) - top}`);
  for (const line of all(".series", svg)) {
    line.classList.toggle("off", chosen.segment !== "" && !strong(line.dataset.at));
    line.classList.toggle("chosen", line.dataset.at === chosen.segment);
  }
  const { left, width, height } = CHART;
  const lines = ticks.flatMap((value, place) => {
    const y = CHART.top + height * (1 - place / (ticks.length - 1));
    return [
      draw("line", { x1: left, x2: left + width, y1: y, y2: y }),
      draw("text", { x: left - 7, y: y + 3.5, class: "y" }, bare(value, chart.unit)),
    ];
  });
  const shown = [...new Set(last - first > 1 ? [first, (first + last) >> 1, last] : [first, last])];
  const labels = shown.map((at) => draw("text", {
    x: left + (width * (at - first)) / (last - first || 1), y: CHART.top + height + 20, class: "x",
    "text-anchor": at === first ? "start" : at === last ? "end" : "middle",
  }, periods[at].tick));
  svg.querySelector(".ticks").replaceChildren(...lines, ...labels);
  svg.querySelector(".cursor").replaceChildren();
  tellLatest(svg, chart, periods);
}

function tellLatest(svg, chart, periods) {
  const line = chart.lines[chosen.segment || EVERYBODY];
  const { first, last } = span(periods);
  let at = last;
  while (at >= first && (line?.v?.[at] ?? null) === null) at -= 1;
  const place = svg.closest("figure").querySelector(".latest");
  if (at < first) place.replaceChildren(make("span", { textContent: "No value that may be told." }));
  else {
    const [low, high] = [line.l?.[at], line.h?.[at]];
    const ends = low == null || high == null ? "" : `${bare(low, chart.unit)} to ${bare(high, chart.unit)}`;
    const parts = [ends, periods[at].label].filter(Boolean).map((text) => make("span", { textContent: text }));
    place.replaceChildren(make("b", { textContent: quantity(line.v[at], chart) }), ...parts.flatMap((part) => [" ", part]));
  }
}

// What a chart says at a period: all customers, the chosen segment or the one whose line is nearest to the pointer.
function wordsAt(chart, at, value, { periods, names, everybody }) {
  const others = Object.keys(chart.lines).filter((one) => one !== EVERYBODY && (chart.lines[one].v?.[at] ?? null) !== null);
  const far = (one) => Math.abs(chart.lines[one].v[at] - value);
  const nearest = others.sort((one, other) => far(one) - far(other))[0];
  const told = [EVERYBODY, chosen.segment || (value === null ? "" : nearest)].filter((one) => chart.lines[one]?.v);
  const lines = told.map((one) => {
    const { v, l, h, t } = chart.lines[one];
    if (v[at] === null) return `${one === EVERYBODY ? everybody : names[one]}: not told`;
    const ends = l && h && l[at] !== null ? ` (${bare(l[at], chart.unit)} to ${bare(h[at], chart.unit)})` : "";
    const goal = t && t[at] !== null ? `, goal ${bare(t[at], chart.unit)}` : "";
    return `${one === EVERYBODY ? everybody : names[one]}: ${quantity(v[at], chart)}${ends}${goal}`;
  });
  return [periods[at].label, ...lines].join("\n");
}

function startChart(svg, chart, book) {
  const { left, top, width, height } = CHART;
  let at = null;
  const show = (next, y) => {
    const { first, last } = span(book.periods);
    at = Math.max(first, Math.min(last, next));
    const x = left + (width * (at - first)) / (last - first || 1);
    svg.querySelector(".cursor").replaceChildren(draw("line", { x1: x, x2: x, y1: top, y2: top + height }));
    const box = svg.getBoundingClientRect();
    const [low, high] = visibleRange(chart, book);
    const value = y === null ? null : high - ((y - top) / height) * (high - low);
    tell(wordsAt(chart, at, value, book), box.left + (x / 360) * box.width, box.top, y === null);
  };
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    const { first, last } = span(book.periods);
    const along = (((event.clientX - box.left) / box.width) * 360 - left) / width;
    show(first + Math.round(along * (last - first)), ((event.clientY - box.top) / box.height) * 190);
  };
  const leave = () => { svg.querySelector(".cursor").replaceChildren(); hush(); };
  svg.addEventListener("pointermove", place);
  svg.addEventListener("pointerleave", leave);
  steps(svg, (step) => show(at === null ? span(book.periods).last : at + step, null), leave);
}

function visibleRange(chart, { periods }) {
  const { first, last } = span(periods);
  const ticks = niceTicks(...extent(chart, first, last));
  return [ticks[0], ticks.at(-1)];
}
