// Slack's mrkdwn to DOM nodes. The text arrives with &, < and > escaped; only
// `<...>` tokens carry meaning, and whatever is not understood stays text.

import { EMOJI } from "./emoji.js";
import { h } from "./dom.js";
import { channelName, personName, store } from "./store.js";
import { dateToken, full } from "./time.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

export function decode(text) {
  return String(text ?? "").replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
}

/** Only web and mail addresses become links; null for `javascript:` and friends. */
export function safeUrl(url) {
  try {
    const parsed = new URL(url, location.origin);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** The place on this page that a permalink of this workspace names; null for any other address. */
function placeOf(href) {
  const { origin, pathname, searchParams } = new URL(href);
  const match = origin === location.origin && pathname.match(/^\/archives\/(\w+)\/p(\d{10})(\d{6})$/);
  if (!match) return null;
  const thread = searchParams.get("thread_ts");
  const place = new URLSearchParams({ channel: match[1], message: `${match[2]}.${match[3]}`, ...(thread ? { thread } : {}) });
  return `#${place}`;
}

export function link(url, ...label) {
  const href = safeUrl(url);
  if (!href) return h("span", {}, ...label);
  const place = placeOf(href);
  if (place) return h("a", { href: place }, ...label);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...label);
}

export function emojify(text) {
  return text.replace(/:([a-z0-9_+-]+):(?::skin-tone-\d:)?/g, (all, name) => EMOJI[name] || all);
}

export function mention(id, label) {
  const mine = id === store.as;
  return h("span", { class: `mention${mine ? " mention-me" : ""}` }, `@${label || personName(id)}`);
}

export function channelLink(id, label) {
  const channel = store.channels.get(id);
  if (!channel) return h("span", { class: "mention" }, `#${label || id}`);
  return h("a", { class: "mention", href: `#channel=${encodeURIComponent(id)}` }, `#${channelName(channel)}`);
}

export function broadcast(range) {
  return h("span", { class: "mention mention-me" }, `@${range}`);
}

function dateNode(body, fallback, startsLine) {
  const [, seconds, pattern, url] = body.split("^");
  const text = dateToken(Number(seconds), decode(pattern || ""), startsLine);
  if (text === null) return fallback;
  const node = h("time", { title: full(new Date(Number(seconds) * 1000)) }, text);
  return url ? link(decode(url), node) : node;
}

const SPECIALS = new Set(["channel", "here", "everyone"]);

function token(body, startsLine) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : decode(body.slice(bar + 1));
  if (/^@[UWB][A-Z0-9]+$/.test(target)) return mention(target.slice(1), label);
  if (/^#[CDG][A-Z0-9]+$/.test(target)) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return dateNode(target, label || decode(target), startsLine);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label || "@group");
  if (target.startsWith("!")) return SPECIALS.has(target.slice(1)) ? broadcast(target.slice(1)) : label || `<${decode(body)}>`;
  const url = decode(target);
  if (/^(?:https?:\/\/|mailto:)/i.test(url) && safeUrl(url)) return link(url, label || url.replace(/^mailto:/i, ""));
  return `<${decode(body)}>`;
}

const INNER = (mark) => `(?:<[^<>\\n]*>|[^${mark}\\n])+?`;
const STYLED = (mark) => `(?<![\\w${mark}])${mark}(?=[^\\s${mark}])(${INNER(mark)})(?<=\\S)${mark}(?![\\w${mark}])`;
const INLINE = new RegExp(
  ["`([^`\\n]+)`", "<([^<>\\n]+)>", STYLED("\\*"), STYLED("_"), STYLED("~"), "(https?:\\/\\/[^\\s<>|\"']+[^\\s<>|\"'.,;:!?)\\]])"].join("|"),
  "g",
);

// A text object that is verbatim keeps bare addresses as text.
let autolinks = true;

function inline(text) {
  const out = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) out.push(emojify(decode(text.slice(at, match.index))));
    const [all, code, tok, bold, italic, strike, url] = match;
    if (code !== undefined) out.push(h("code", {}, decode(code)));
    else if (tok !== undefined) out.push(token(tok, match.index === 0));
    else if (bold !== undefined) out.push(h("strong", {}, inline(bold)));
    else if (italic !== undefined) out.push(h("em", {}, inline(italic)));
    else if (strike !== undefined) out.push(h("s", {}, inline(strike)));
    else out.push(autolinks ? link(decode(url), decode(url)) : decode(url));
    at = match.index + all.length;
  }
  if (at < text.length) out.push(emojify(decode(text.slice(at))));
  return out;
}

const LINE_KINDS = [
  ["quote", /^(?:&gt;|>(?!>)) ?(.*)$/],
  ["ul", /^[•◦▪] ?(.*)$/],
  ["ul", /^- (.*)$/],
  ["ol", /^(\d{1,3})\. (.*)$/],
];

function classify(line) {
  for (const [kind, pattern] of LINE_KINDS) {
    const match = line.match(pattern);
    if (match) return { kind, text: match.at(-1), start: kind === "ol" ? Number(match[1]) : undefined };
  }
  return { kind: "text", text: line };
}

const BUILD = {
  text: (lines) => h("span", { class: "lines" }, lines.flatMap((line, i) => (i ? [h("br"), ...inline(line.text)] : inline(line.text)))),
  quote: (lines) => h("blockquote", {}, lines.flatMap((line, i) => (i ? [h("br"), ...inline(line.text)] : inline(line.text)))),
  ul: (lines) => h("ul", {}, lines.map((line) => h("li", {}, inline(line.text)))),
  ol: (lines) => h("ol", { start: lines[0].start }, lines.map((line) => h("li", {}, inline(line.text)))),
};

function lineGroups(text) {
  const groups = [];
  for (const line of text.split("\n").map(classify)) {
    const last = groups.at(-1);
    if (last && last[0].kind === line.kind) last.push(line);
    else groups.push([line]);
  }
  return groups.map((group) => BUILD[group[0].kind](group));
}

/** Render mrkdwn as a list of nodes and strings. */
export function mrkdwn(text, { verbatim = false } = {}) {
  autolinks = !verbatim;
  return String(text ?? "").split("```").flatMap((part, i, all) => {
    const fenced = i % 2 === 1 && i < all.length - 1;
    if (fenced) return [h("pre", { tabindex: "0" }, decode(part.replace(/^\n/, "").replace(/\n$/, "")))];
    if (i % 2 === 1) return lineGroups("```" + part);
    const trimmed = part.replace(i > 0 ? /^\n/ : /^(?!)/, "").replace(i < all.length - 1 ? /\n$/ : /$(?!)$/, "");
    return trimmed ? lineGroups(trimmed) : [];
  });
}

/** A Block Kit text object, or a bare string. */
export function textObject(object) {
  if (!object) return [];
  if (typeof object === "string") return [emojify(decode(object))];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim === true });
  const text = decode(object.text);
  return [object.emoji === false ? text : emojify(text)];
}

/** The same text without marks, for labels and titles. */
export function plain(object) {
  const holder = h("span", {}, textObject(object));
  return holder.textContent.trim();
}
