// The rich_text block and rich_text cells.

import { EMOJI } from "./emoji.js";
import { h } from "./dom.js";
import { broadcast, channelLink, link, mention } from "./mrkdwn.js";
import { dateToken } from "./time.js";

const PIECES = {
  text: (e) => e.text.split("\n").flatMap((line, i) => (i ? [h("br"), line] : [line])),
  link: (e) => [link(e.url, e.text || e.url)],
  emoji: (e) => [EMOJI[e.name] || `:${e.name}:`],
  user: (e) => [mention(e.user_id)],
  usergroup: () => [h("span", { class: "mention" }, "@group")],
  channel: (e) => [channelLink(e.channel_id)],
  broadcast: (e) => [broadcast(e.range)],
  date: (e) => [h("time", {}, dateToken(e.timestamp, e.format || "{date_short_pretty}") ?? e.fallback ?? "")],
  color: (e) => [h("code", {}, e.value)],
};
const STYLES = [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"], ["code", "code"]];

function piece(element) {
  let nodes = (PIECES[element.type] || ((e) => [e.text || ""]))(element);
  for (const [style, tag] of STYLES) if (element.style?.[style]) nodes = [h(tag, {}, nodes)];
  return nodes;
}

const pieces = (section) => (section.elements || []).flatMap(piece);
const verbatim = (section) => (section.elements || []).map((e) => e.text || e.url || "").join("");

const SECTIONS = {
  rich_text_section: (s) => h("div", { class: "rt-section" }, pieces(s)),
  rich_text_quote: (s) => h("blockquote", {}, pieces(s)),
  rich_text_preformatted: (s) => h("pre", { tabindex: "0" }, verbatim(s)),
  rich_text_list: (s) => {
    const node = h(s.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(8, s.indent || 0)}`, start: s.offset ? s.offset + 1 : null });
    for (const item of s.elements || []) node.append(h("li", {}, pieces(item)));
    return node;
  },
};

export function richText(block) {
  return (block?.elements || []).map((section) => (SECTIONS[section.type] || SECTIONS.rich_text_section)(section));
}
