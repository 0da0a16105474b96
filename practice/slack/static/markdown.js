// Standard Markdown (the `markdown` block) to DOM nodes. Raw HTML stays text.

import { h } from "./dom.js";
import { emojify, link, safeUrl } from "./mrkdwn.js";

const INLINE = new RegExp(
  [
    "(`+)([\\s\\S]+?)\\1",
    "!\\[([^\\]]*)\\]\\(([^)\\s]+)[^)]*\\)",
    "\\[([^\\]]+)\\]\\(([^)\\s]+)[^)]*\\)",
    "\\*\\*(?=\\S)([\\s\\S]+?)\\*\\*",
    "(?<!\\w)__(?=\\S)([\\s\\S]+?)__(?!\\w)",
    "~~(?=\\S)([\\s\\S]+?)~~",
    "\\*(?=[^\\s*])([^*\\n]+?)\\*",
    "(?<!\\w)_(?=[^\\s_])([^_\\n]+?)_(?!\\w)",
    "<?(https?:\\/\\/[^\\s<>\"']+[^\\s<>\"'.,;:!?)\\]])>?",
    "\\\\([!-/:-@[-`{-~])",
  ].join("|"),
  "g",
);

function inline(text) {
  const out = [];
  let at = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > at) out.push(emojify(text.slice(at, m.index)));
    if (m[2] !== undefined) out.push(h("code", {}, m[2]));
    else if (m[4] !== undefined) out.push(link(m[4], m[3] || m[4]));
    else if (m[6] !== undefined) out.push(safeUrl(m[6]) ? link(m[6], inline(m[5])) : m[0]);
    else if (m[7] !== undefined || m[8] !== undefined) out.push(h("strong", {}, inline(m[7] ?? m[8])));
    else if (m[9] !== undefined) out.push(h("s", {}, inline(m[9])));
    else if (m[10] !== undefined || m[11] !== undefined) out.push(h("em", {}, inline(m[10] ?? m[11])));
    else if (m[12] !== undefined) out.push(link(m[12], m[12]));
    else out.push(m[13]);
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push(emojify(text.slice(at)));
  return out;
}

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const SPLIT_ROW = (row) => row.trim().replace(/^\|/, "").replace(/\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

function list(lines) {
  const base = lines[0].match(ITEM);
  const ordered = /\d/.test(base[2]);
  const items = [];
  for (const line of lines) {
    const match = line.match(ITEM);
    if (match && match[1].length <= base[1].length) items.push({ text: match[3], children: [] });
    else items.at(-1)?.children.push(line);
  }
  return h(ordered ? "ol" : "ul", { start: ordered ? Number.parseInt(base[2], 10) : null }, items.map(listItem));
}

function listItem({ text, children }) {
  const task = text.match(/^\[([ xX])\]\s+(.*)$/);
  const nested = children.filter((line) => line.trim());
  const continued = nested.filter((line) => !ITEM.test(line)).map((line) => ` ${line.trim()}`).join("");
  const sublist = nested.filter((line) => ITEM.test(line));
  const mark = task ? h("span", { class: "task-mark" }, task[1] === " " ? "☐ " : "☑ ") : null;
  return h("li", {}, mark, inline((task ? task[2] : text) + continued), sublist.length ? list(sublist) : null);
}

function table(lines) {
  const [head, , ...rows] = lines.map(SPLIT_ROW);
  return h(
    "div", { class: "table-wrap", tabindex: "0" },
    h("table", { class: "grid-table" },
      h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, inline(cell))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inline(cell))))))),
  );
}

const isRule = (line) => /^\s*([-*_])(?:\s*\1){2,}\s*$/.test(line);
const isTable = (lines, i) => lines[i].includes("|") && /^[\s|:-]*-[\s|:-]*$/.test(lines[i + 1] || "") && (lines[i + 1] || "").includes("|");

function take(lines, from, test) {
  let end = from;
  while (end < lines.length && test(lines[end])) end += 1;
  return [lines.slice(from, end), end];
}

const STARTS_BLOCK = /^(?:#{1,6}\s|>|```|~~~|\s*(?:[-*+]|\d{1,9}[.)])\s)/;

/** Render Markdown as a list of nodes. */
export function markdown(text) {
  const lines = String(text ?? "").replace(/\r/g, "").split("\n");
  const out = [];
  let i = 0;
  let part;
  while (i < lines.length) {
    const line = lines[i];
    const heading = line.match(/^(#{1,6})\s+(.*?)\s*#*$/);
    if (!line.trim()) i += 1;
    else if (/^(?:```|~~~)/.test(line)) {
      const fence = line.slice(0, 3);
      [part, i] = take(lines, i + 1, (l) => !l.startsWith(fence));
      out.push(h("pre", { tabindex: "0" }, part.join("\n")));
      i += 1;
    } else if (heading) {
      out.push(h("div", { class: `md-heading md-h${heading[1].length}`, role: "heading", "aria-level": Math.min(6, heading[1].length + 2) }, inline(heading[2])));
      i += 1;
    } else if (isRule(line)) {
      out.push(h("hr"));
      i += 1;
    } else if (line.startsWith(">")) {
      [part, i] = take(lines, i, (l) => l.startsWith(">"));
      out.push(h("blockquote", {}, markdown(part.map((l) => l.replace(/^> ?/, "")).join("\n"))));
    } else if (isTable(lines, i)) {
      [part, i] = take(lines, i, (l) => l.includes("|"));
      out.push(table(part));
    } else if (ITEM.test(line)) {
      [part, i] = take(lines, i, (l) => ITEM.test(l) || /^\s{2,}\S/.test(l));
      out.push(list(part));
    } else {
      const start = i;
      [part, i] = take(lines, i + 1, (l) => l.trim() && !STARTS_BLOCK.test(l) && !isRule(l));
      const paragraph = [lines[start], ...part];
      out.push(h("p", {}, paragraph.flatMap((l, n) => (n ? [h("br"), ...inline(l.trim())] : inline(l.trim())))));
    }
  }
  return out;
}
