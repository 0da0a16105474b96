// The inspector: every signed request the app got, how fast it answered, what Slack would say.

import { post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { personName, store } from "./store.js";
import { clockSeconds } from "./time.js";

const KINDS = { command: "Command", block_actions: "Click", view_submission: "Submit", view_closed: "Closed", shortcut: "Shortcut", message_action: "Shortcut", event: "Event", event_callback: "Event", block_suggestion: "Options" };
const FAULTS = [["none", "No fault"], ["429", "Rate limited (429)"], ["500", "Server error (500)"], ["slow", "Slow answers"], ["lost", "Lost answers"]];
const open = new Set();
const nodes = new Map();
let body = null;

function pretty(value) {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

function part(title, text) {
  if (!text) return null;
  return h("section", {}, h("h4", {}, title), h("pre", { tabindex: "0" }, text));
}

function details(row) {
  const headers = Object.entries(row.headers || {}).map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    part("Sent to", row.url), part("Headers (signed)", headers), part("Body as sent", row.body),
    part("Decoded", pretty(row.decoded)), part(`Response${row.status ? ` (${row.status})` : ""}`, pretty(row.response) || "(empty)"),
  ];
}

const MARKS = { ok: "check", late: "warn", error: "warn", no_reply: "warn" };

function rowNode(row) {
  const content = h("div", { class: "request-body" });
  const at = row.at ? new Date(row.at) : null;
  const verdict = row.verdict || "waiting";
  const node = h("details", { class: `request verdict-${verdict}`, dataset: { requestId: row.id }, open: open.has(row.id) },
    h("summary", {},
      h("span", { class: "request-kind" }, KINDS[row.kind] || row.kind),
      h("span", { class: "request-label" }, row.label || row.kind),
      h("span", { class: "request-who" }, row.person ? personName(row.person) : ""),
      h("time", { class: "request-at" }, at && !Number.isNaN(at.getTime()) ? clockSeconds(at) : ""),
      h("span", { class: "request-verdict" }, icon(MARKS[verdict] || "clock", 14), row.verdict_text || "Waiting for the app…")),
    content);
  const show = () => {
    if (node.open && !content.childNodes.length) fill(content, details(row));
    if (node.open) open.add(row.id);
    else open.delete(row.id);
  };
  node.addEventListener("toggle", show);
  if (node.open) fill(content, details(row));
  return node;
}

function faultSwitches() {
  const select = h("select", { id: "fault-mode", on: { change: () => post("faults", { mode: select.value }) } }, FAULTS.map(([value, text]) => h("option", { value }, text)));
  select.value = store.faults.mode || "none";
  const slack = h("div", { class: "inspector-faults" }, h("label", { for: "fault-mode" }, "Make Slack misbehave"), select);
  if (!store.espPage) return [slack];
  const esp = h("a", { href: store.espPage, target: "_blank", rel: "noopener" }, "Make the ESP or its readers misbehave");
  return [slack, h("div", { class: "inspector-faults" }, esp)];
}

export function drawInspector(node, onClose) {
  body = h("div", { class: "requests" });
  fill(node,
    h("header", { class: "pane-head" }, h("div", {}, h("h2", {}, "Inspector"), h("p", { class: "pane-sub" }, "Each signed request the app received, newest first")),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close inspector", on: { click: onClose } }, icon("close"))),
    body, faultSwitches());
  nodes.clear();
  refreshInspector();
}

/** Redraw only the rows that changed, so an open row stays as it is. */
export function refreshInspector() {
  if (!body?.isConnected) return;
  const rows = [...store.requests].reverse();
  if (!rows.length) return void fill(body, h("p", { class: "empty" }, "Nothing yet. Type /brief in a channel and the request appears here."));
  const wanted = rows.map((row) => {
    const known = nodes.get(row.id);
    if (known?.row === row) return known.node;
    const node = rowNode(row);
    nodes.set(row.id, { row, node });
    return node;
  });
  const keep = new Set(wanted);
  for (const child of [...body.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((node, i) => body.children[i] !== node && body.insertBefore(node, body.children[i] || null));
}
