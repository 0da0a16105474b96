// Tables and charts. A chart always carries its numbers as a table as well.

import { append, fill, h, icon, svg, uid } from "./dom.js";
import { emojify, plain } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });

function cell(raw) {
  if (raw === null || raw === undefined) return "";
  if (typeof raw === "string") return raw;
  if (raw.type === "rich_text") return richText(raw);
  if (raw.type === "raw_number") return raw.text ?? number.format(raw.number ?? raw.value ?? 0);
  return emojify(String(raw.text ?? ""));
}

const isNumber = (raw) => raw?.type === "raw_number" || (raw?.type !== "rich_text" && /^[-+]?[\d,.]+\s?%?$/.test(String(raw?.text ?? "")));
const sortKey = (raw) => (raw?.type === "raw_number" ? Number(raw.number ?? raw.value ?? raw.text) : isNumber(raw) ? Number.parseFloat(String(raw.text).replace(/,/g, "")) : h("i", {}, cell(raw)).textContent.toLowerCase());

function tableRow(raw, settings, tag, rowHeader = -1, sample = raw) {
  return h("tr", {}, raw.map((one, i) => {
    const set = settings?.[i] || {};
    const heading = tag === "th" || i === rowHeader;
    const align = set.align || (isNumber(sample[i]) ? "right" : "left");
    return h(heading ? "th" : "td", { scope: heading ? (tag === "th" ? "col" : "row") : null, class: `align-${align}${set.is_wrapped ? " wrapped" : ""}` }, cell(one));
  }));
}

export function table(block) {
  const [head, ...rows] = block.rows || [];
  return h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", { class: "grid-table" },
      head ? h("thead", {}, tableRow(head, block.column_settings, "th", -1, rows[0] || head)) : null,
      h("tbody", {}, rows.map((row) => tableRow(row, block.column_settings, "td")))));
}

/** A sortable table in pages. */
export function dataTable(block) {
  const [head = [], ...rows] = block.rows || [];
  const size = block.page_size || 5;
  const view = { page: 0, column: -1, down: false };
  const body = h("tbody");
  const status = h("span", { class: "pager-text", "aria-live": "polite" });
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const turn = (step) => { view.page = Math.min(pages - 1, Math.max(0, view.page + step)); show(); };
  const back = h("button", { type: "button", class: "icon-button small", "aria-label": "Previous page", on: { click: () => turn(-1) } }, icon("back", 16));
  const next = h("button", { type: "button", class: "icon-button small", "aria-label": "Next page", on: { click: () => turn(1) } }, icon("right", 16));
  const heads = head.map((one, i) => h("th", { scope: "col", "aria-sort": "none", class: rows.some((row) => isNumber(row[i])) ? "align-right" : "align-left" },
    h("button", { type: "button", class: "sort", on: { click: () => sort(i) } }, cell(one), icon("chevron", 12))));

  function sort(column) {
    view.down = view.column === column ? !view.down : false;
    view.column = column;
    view.page = 0;
    heads.forEach((node, i) => node.setAttribute("aria-sort", i === column ? (view.down ? "descending" : "ascending") : "none"));
    show();
  }

  function ordered() {
    if (view.column < 0) return rows;
    const sorted = [...rows].sort((a, b) => {
      const [x, y] = [sortKey(a[view.column]), sortKey(b[view.column])];
      return x < y ? -1 : x > y ? 1 : 0;
    });
    return view.down ? sorted.reverse() : sorted;
  }

  function show() {
    const from = view.page * size;
    fill(body, ordered().slice(from, from + size).map((row) => tableRow(row, null, "td", block.row_header_column_index ?? 0)));
    status.textContent = `${from + 1}–${Math.min(rows.length, from + size)} of ${rows.length}`;
    back.disabled = view.page === 0;
    next.disabled = view.page === pages - 1;
  }

  show();
  return h("div", { class: "data-table" },
    h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": block.caption || "Table" },
      h("table", { class: "grid-table" }, h("caption", {}, block.caption || ""), h("thead", {}, h("tr", {}, heads)), body)),
    pages > 1 ? h("div", { class: "pager" }, status, back, next) : null);
}

const WIDTH = 520;
const HEIGHT = 220;
const PAD = { left: 48, right: 12, top: 12, bottom: 40 };

/** Round steps that cover the values, zero included. */
function ticks(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= 5) || power * 10;
  const first = Math.floor(low / step) * step;
  const out = [];
  for (let at = first; at < high + step - step / 1e6; at += step) out.push(Number(at.toPrecision(12)));
  if (out.length < 2) out.push(first + step);
  return out;
}

function axes(categories, marks, y, config) {
  const slot = (WIDTH - PAD.left - PAD.right) / Math.max(1, categories.length);
  const every = Math.ceil(categories.length / 8);
  return [
    marks.map((mark) => [
      svg("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: y(mark), y2: y(mark), class: mark === 0 ? "axis" : "grid" }),
      svg("text", { x: PAD.left - 6, y: y(mark) + 4, class: "tick", "text-anchor": "end" }, number.format(mark)),
    ]),
    categories.map((name, i) => (i % every ? null : svg("text", { x: PAD.left + slot * (i + 0.5), y: HEIGHT - PAD.bottom + 16, class: "tick", "text-anchor": "middle" }, name))),
    config.x_label ? svg("text", { x: (PAD.left + WIDTH - PAD.right) / 2, y: HEIGHT - 6, class: "tick axis-label", "text-anchor": "middle" }, config.x_label) : null,
  ];
}

function bars(series, categories, y) {
  const slot = (WIDTH - PAD.left - PAD.right) / Math.max(1, categories.length);
  const wide = Math.min(48, (slot * 0.7) / series.length);
  return series.flatMap((one, s) => one.values.map((value, i) => value === null ? null : svg("rect", {
    class: `series-${s % 6}`, x: PAD.left + slot * (i + 0.5) + (s - series.length / 2) * wide + 1, width: Math.max(1, wide - 2), y: Math.min(y(value), y(0)), height: Math.max(1, Math.abs(y(0) - y(value))), rx: 2,
  }, svg("title", {}, `${one.name}, ${categories[i]}: ${number.format(value)}`))));
}

function lines(series, categories, y, filled) {
  const slot = (WIDTH - PAD.left - PAD.right) / Math.max(1, categories.length);
  const x = (i) => PAD.left + slot * (i + 0.5);
  return series.flatMap((one, s) => {
    const points = one.values.map((value, i) => (value === null ? null : [x(i), y(value)])).filter(Boolean);
    if (!points.length) return [];
    const path = points.map(([px, py], i) => `${i ? "L" : "M"}${px} ${py}`).join("");
    return [
      filled ? svg("path", { class: `area series-${s % 6}`, d: `${path}L${points.at(-1)[0]} ${y(0)}L${points[0][0]} ${y(0)}Z` }) : null,
      svg("path", { class: `line stroke-${s % 6} dash-${s % 3}`, d: path }),
      points.map(([cx, cy]) => svg("circle", { class: `series-${s % 6}`, cx, cy, r: 3 })),
    ];
  });
}

function pie(segments) {
  const total = segments.reduce((sum, one) => sum + one.value, 0) || 1;
  let turn = -Math.PI / 2;
  const at = (angle) => `${110 + 90 * Math.cos(angle)} ${110 + 90 * Math.sin(angle)}`;
  return segments.map((one, i) => {
    const from = turn;
    turn += (one.value / total) * 2 * Math.PI;
    if (segments.length === 1) return svg("circle", { class: "series-0", cx: 110, cy: 110, r: 90 });
    return svg("path", { class: `slice series-${i % 6}`, d: `M110 110L${at(from)}A90 90 0 ${turn - from > Math.PI ? 1 : 0} 1 ${at(turn)}Z` }, svg("title", {}, `${one.label}: ${number.format(one.value)}`));
  });
}

function legend(names) {
  return h("ul", { class: "legend" }, names.map((name, i) => h("li", {}, svg("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("rect", { class: `series-${i % 6}`, width: 12, height: 12, rx: 3 })), name)));
}

function chartTable(title, heads, rows) {
  return h("details", { class: "chart-data" }, h("summary", {}, "Show the numbers"),
    h("div", { class: "table-wrap" }, h("table", { class: "grid-table" }, h("caption", { class: "visually-hidden" }, title),
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one, i) => h(i ? "td" : "th", { scope: i ? null : "row", class: i ? "align-right" : "" }, typeof one === "number" ? number.format(one) : one ?? "–")))))))) ;
}

function pieChart(chart, title, titleId) {
  const segments = chart.segments || [];
  const total = segments.reduce((sum, one) => sum + one.value, 0) || 1;
  const share = (one) => `${one.label} ${number.format((one.value / total) * 100)} %`;
  return [
    h("div", { class: "pie-row" }, svg("svg", { viewBox: "0 0 220 220", class: "chart chart-pie", role: "img", "aria-labelledby": titleId }, pie(segments)), legend(segments.map(share))),
    chartTable(title, ["Segment", "Value"], segments.map((one) => [one.label, one.value])),
  ];
}

function axisChart(chart, title, titleId) {
  const config = chart.axis_config || {};
  const categories = config.categories || [...new Set((chart.series || []).flatMap((one) => (one.data || []).map((point) => point.label)))];
  const series = (chart.series || []).map((one) => ({ name: one.name, values: categories.map((label) => (one.data || []).find((point) => point.label === label)?.value ?? null) }));
  const marks = ticks(series.flatMap((one) => one.values.filter((value) => value !== null)));
  const [low, high] = [marks[0], marks.at(-1)];
  const y = (value) => PAD.top + (HEIGHT - PAD.top - PAD.bottom) * (1 - (value - low) / (high - low));
  const shapes = chart.type === "bar" ? bars(series, categories, y) : lines(series, categories, y, chart.type === "area");
  const drawing = append(svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-labelledby": titleId }), [axes(categories, marks, y, config), shapes]);
  return [
    config.y_label ? h("div", { class: "y-label" }, config.y_label) : null,
    drawing,
    series.length > 1 ? legend(series.map((one) => one.name)) : null,
    chartTable(title, [config.x_label || "", ...series.map((one) => one.name)], categories.map((name, i) => [name, ...series.map((one) => one.values[i])])),
  ];
}

export function dataVisualization(block) {
  const chart = block.chart || {};
  const title = plain(block.title);
  const titleId = uid("chart");
  return h("figure", { class: "visualization" }, h("figcaption", { id: titleId }, title), chart.type === "pie" ? pieChart(chart, title, titleId) : axisChart(chart, title, titleId));
}
