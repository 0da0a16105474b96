// Message lists: the channel log and a thread, reconciled by ts.

import { post } from "./api.js";
import { append, avatar, h, icon, toast } from "./dom.js";
import { renderSurface, picture } from "./blocks.js";
import { EMOJI } from "./emoji.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { openMenu } from "./popup.js";
import { author, dropEphemeral, emit, repliesOf, store } from "./store.js";
import { surfaceFor } from "./surface.js";
import { clock, dateOf, dayKey, dayName, full } from "./time.js";

const GROUP_SECONDS = 300;

export function threadHash(channel, ts) {
  return `#channel=${encodeURIComponent(channel)}&thread=${encodeURIComponent(ts)}`;
}

function body(message) {
  const parts = [];
  if (message.blocks?.length) {
    const surface = surfaceFor(`message:${message.channel}:${message.ts}`, { type: "message", channel: message.channel, ts: message.ts });
    parts.push(renderSurface(message.blocks, surface));
  } else if (message.text) {
    parts.push(h("div", { class: "text message-text" }, mrkdwn(message.text)));
  }
  for (const attachment of message.attachments || []) parts.push(attachmentNode(message, attachment, parts.length));
  if (message.edited && !message.bot) parts.push(h("span", { class: "edited" }, "(edited)"));
  for (const file of message.files || []) parts.push(fileNode(file));
  return parts;
}

function attachmentNode(message, attachment, n) {
  const surface = surfaceFor(`attachment:${message.channel}:${message.ts}:${n}`, { type: "message", channel: message.channel, ts: message.ts });
  const inside = attachment.blocks?.length ? renderSurface(attachment.blocks, surface) : [attachment.title ? h("strong", {}, plain(attachment.title)) : null, h("div", { class: "text" }, mrkdwn(attachment.text || attachment.fallback || ""))];
  const node = h("div", { class: "attachment" }, inside);
  const color = /^#?[0-9a-f]{6}$/i.test(attachment.color || "") ? `#${attachment.color.replace("#", "")}` : "";
  if (color) node.style.borderLeftColor = color;
  return node;
}

function fileNode(file) {
  const url = file.url || `/practice/files/${encodeURIComponent(file.id)}`;
  const name = file.name || file.title || "file";
  const isImage = /\.(png|jpe?g|gif|svg|webp)$/i.test(name) || (file.mimetype || "").startsWith("image/");
  if (!isImage) return h("a", { class: "file-chip", href: url, target: "_blank", rel: "noopener" }, icon("file", 20), h("span", {}, name));
  return h("figure", { class: "image" }, h("figcaption", {}, name),
    h("a", { href: url, target: "_blank", rel: "noopener", class: "image-link", "aria-label": `Open ${name}` }, picture({ image_url: url, alt_text: file.alt || file.alt_txt || name }, "image-full")));
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => {
    const users = one.users || [];
    const mine = users.includes(store.as);
    const count = one.count ?? users.length;
    return h("button", { type: "button", class: `reaction${mine ? " mine" : ""}`, "aria-pressed": String(mine), "aria-label": `${one.name}, ${count}`, on: { click: () => post("react", { channel: message.channel, ts: message.ts, name: one.name }) } }, EMOJI[one.name] || `:${one.name}:`, h("span", {}, String(count)));
  }));
}

function repliesLine(message, replies) {
  const count = Math.max(message.reply_count || 0, replies.filter((reply) => !reply.ephemeral_to).length);
  if (!count) return null;
  const faces = [...new Map(replies.map((reply) => [reply.user, author(reply)])).values()].slice(0, 4);
  const last = message.latest_reply || replies.at(-1)?.ts;
  return h("a", { class: "replies", href: threadHash(message.channel, message.ts) },
    h("span", { class: "faces" }, faces.map((person) => avatar(person, "s"))),
    h("span", { class: "replies-count" }, `${count} ${count === 1 ? "reply" : "replies"}`),
    last ? h("span", { class: "replies-last" }, `Last reply ${dayName(dateOf(last)).toLowerCase()} at ${clock(dateOf(last))}`) : null);
}

function copyText(message) {
  const text = message.blocks?.length ? message.text || "" : message.text;
  navigator.clipboard?.writeText(h("div", {}, mrkdwn(text)).textContent).then(() => toast("Text copied"), () => toast("The browser did not allow copying"));
}

async function runShortcut(shortcut, message) {
  const reply = await post("shortcut", { callback_id: shortcut.callback_id, channel: message.channel, ts: message.ts });
  if (reply.ok === false) toast(reply.error || `${store.app.name} did not answer the shortcut.`);
}

async function pinMessage(message) {
  const reply = await post("pin", { channel: message.channel, ts: message.ts });
  if (reply.ok === false) toast(reply.error || "The message was not pinned.");
}

function moreMenu(anchor, message, inThread) {
  const shortcuts = store.shortcuts.filter((one) => (one.type || "message") === "message");
  const items = [
    inThread ? null : { text: "Reply in thread", run: () => { location.hash = threadHash(message.channel, message.ts); } },
    { text: "Copy text", run: () => copyText(message) },
    message.pinned ? null : { text: "Pin to channel", run: () => pinMessage(message) },
    shortcuts.length ? { divider: true } : null,
    shortcuts.length ? { heading: store.app.name } : null,
    ...shortcuts.map((one) => ({ text: one.name, description: one.description, run: () => runShortcut(one, message) })),
  ];
  openMenu(anchor, items.filter(Boolean), { label: "Message actions" });
}

function toolbar(message, inThread) {
  const react = (name, drawn) => h("button", { type: "button", class: "icon-button", "aria-label": `React with ${name.replace(/_/g, " ")}`, on: { click: () => post("react", { channel: message.channel, ts: message.ts, name }) } }, icon(drawn));
  const reply = inThread ? null : h("button", { type: "button", class: "icon-button", "aria-label": "Reply in thread", on: { click: () => { location.hash = threadHash(message.channel, message.ts); } } }, icon("reply"));
  const more = h("button", { type: "button", class: "icon-button", "aria-label": "More message actions", "aria-haspopup": "menu", "aria-expanded": "false", on: { click: () => moreMenu(more, message, inThread) } }, icon("more"));
  return h("div", { class: "message-tools", role: "group", "aria-label": "Message tools" }, react("white_check_mark", "check"), react("eyes", "eye"), reply, more);
}

function ephemeralNotes(message) {
  const dismiss = () => {
    dropEphemeral(message.ts);
    emit("messages", { channel: message.channel });
  };
  return [
    h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you"),
    h("button", { type: "button", class: "link dismiss", on: { click: dismiss } }, "Dismiss message"),
  ];
}

function messageNode(message, { compact, inThread, replies }) {
  const person = author(message);
  const date = dateOf(message.ts);
  const time = h("time", { class: "message-time", datetime: date.toISOString(), title: full(date) }, clock(date));
  const [only, dismiss] = message.ephemeral_to ? ephemeralNotes(message) : [null, null];
  const head = compact ? h("span", { class: "visually-hidden" }, `${person.real_name} at ${clock(date)}`) : h("div", { class: "message-head" },
    h("span", { class: "author" }, person.real_name), person.is_app ? h("span", { class: "app-badge" }, "APP") : h("span", { class: "role" }, person.title || ""), time);
  return h("article", { class: `message${compact ? " compact" : ""}${message.ephemeral_to ? " ephemeral" : ""}`, dataset: { ts: message.ts, user: message.user || "" } },
    h("div", { class: "gutter" }, compact ? time : avatar(person, "m")),
    h("div", { class: "message-main" }, only, head, message.pinned ? h("div", { class: "pinned" }, "Pinned") : null, body(message), dismiss, reactions(message), inThread ? null : repliesLine(message, replies)),
    message.ephemeral_to ? null : toolbar(message, inThread));
}

// A message with blocks keeps its own head, so its tools never cover its buttons.
const joinable = (a, b) => a && !b.blocks?.length && a.user === b.user && !a.ephemeral_to && !b.ephemeral_to && Number(b.ts) - Number(a.ts) < GROUP_SECONDS && dayKey(dateOf(a.ts)) === dayKey(dateOf(b.ts));

function focusPath(node) {
  const active = document.activeElement;
  if (!node.contains(active)) return null;
  return { action: active.dataset.actionId, block: active.closest("[data-block-id]")?.dataset.blockId, label: active.getAttribute("aria-label") };
}

function restoreFocus(node, path) {
  if (!path) return;
  const block = path.block ? node.querySelector(`[data-block-id="${CSS.escape(path.block)}"]`) : null;
  const exact = path.action ? (block || node).querySelector(`[data-action-id="${CSS.escape(path.action)}"]`) : null;
  const named = path.label ? node.querySelector(`[aria-label="${CSS.escape(path.label)}"]`) : null;
  (exact || named)?.focus({ preventScroll: true });
}

/** A list of messages that keeps its nodes, its scroll and the focus across updates. */
export class MessageList {
  constructor({ label, inThread = false, lead = null }) {
    this.inThread = inThread;
    this.known = new Map();
    this.inner = h("div", { class: "log-inner" });
    this.node = h("div", { class: "log", role: "log", "aria-label": label, "aria-live": "polite", tabindex: "0" }, this.inner);
    this.lead = lead;
    this.stuck = true;
    this.node.addEventListener("scroll", () => { this.stuck = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 60; });
    this.watch = new ResizeObserver(() => this.follow());
    this.watch.observe(this.inner);
    this.watch.observe(this.node);
  }

  /** Stay at the newest message while pictures load and cards grow. */
  follow() {
    if (this.stuck) this.node.scrollTop = this.node.scrollHeight;
  }

  show(messages) {
    const wanted = [];
    if (this.lead) wanted.push(this.lead);
    let previous = null;
    for (const message of messages) {
      const day = dayKey(dateOf(message.ts));
      if (!this.inThread && (!previous || dayKey(dateOf(previous.ts)) !== day)) wanted.push(this.divider(day, dayName(dateOf(message.ts))));
      wanted.push(this.entry(message, joinable(previous, message)));
      if (this.inThread && !previous) wanted.push(this.divider("replies", this.countText(messages)));
      previous = message;
    }
    this.reconcile(wanted);
    this.follow();
  }

  countText(messages) {
    const count = messages.length - 1;
    return count === 0 ? "No replies yet" : `${count} ${count === 1 ? "reply" : "replies"}`;
  }

  divider(key, text) {
    const id = `day:${key}`;
    const known = this.known.get(id);
    if (known?.text === text) return known.node;
    const node = h("div", { class: "day" }, h("span", {}, text));
    this.known.set(id, { text, node });
    return node;
  }

  entry(message, compact) {
    const replies = this.inThread ? [] : repliesOf(message.channel, message.ts);
    const signature = `${compact}|${replies.length}|${replies.at(-1)?.ts || ""}`;
    const known = this.known.get(message.ts);
    if (known && known.message === message && known.signature === signature) return known.node;
    const path = known ? focusPath(known.node) : null;
    const node = messageNode(message, { compact: compact && !this.inThread, inThread: this.inThread, replies });
    this.known.set(message.ts, { message, signature, node, path });
    if (path) queueMicrotask(() => restoreFocus(node, path));
    return node;
  }

  reconcile(wanted) {
    const keep = new Set(wanted);
    const box = this.inner;
    for (const child of [...box.children]) if (!keep.has(child)) child.remove();
    wanted.forEach((node, i) => {
      if (box.children[i] !== node) box.insertBefore(node, box.children[i] || null);
    });
  }

  /** Jump to a message and mark it, as a link to it does. */
  reveal(ts) {
    const node = this.node.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!node) return;
    for (const each of document.querySelectorAll(".message.found")) each.classList.remove("found");
    node.classList.add("found");
    node.tabIndex = -1;
    this.stuck = false;
    node.focus({ preventScroll: true });
    // of a message higher than the window, the beginning has to be seen
    node.scrollIntoView({ block: node.offsetHeight > this.node.clientHeight ? "start" : "center" });
  }
}

export function emptyLead(title, text) {
  return h("div", { class: "lead" }, h("h2", {}, title), h("p", {}, append(h("span"), [text])));
}

