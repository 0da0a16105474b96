// Interactive Block Kit elements. Each takes (element, block, surface, opts) and
// returns a node; opts.changed is set where a change is sent to the app at once.

import { failureText, upload } from "./api.js";
import { append, fill, h, icon, uid } from "./dom.js";
import { plain, safeUrl, textObject } from "./mrkdwn.js";
import { openMenu } from "./popup.js";
import { renderSelect } from "./select.js";
import { store } from "./store.js";
import { fromLocalInput, toLocalInput } from "./time.js";
import { richText } from "./richtext.js";

const labelOf = (el, fallback) => el.accessibility_label || fallback || null;

function button(el, block, surface) {
  const text = textObject(el.text);
  const props = {
    class: `button${el.style === "primary" ? " primary-filled" : el.style === "danger" ? " danger-outline" : ""}`,
    "aria-label": labelOf(el), dataset: { actionId: el.action_id },
  };
  const run = () => surface.act(block, el, { value: el.value });
  const href = el.url ? safeUrl(el.url) : null;
  if (href) return h("a", { ...props, href, target: "_blank", rel: "noopener noreferrer", on: { click: run } }, text);
  return h("button", { ...props, type: "button", on: { click: run } }, h("span", { class: "button-text" }, text));
}

function overflow(el, block, surface) {
  const pick = (option) => {
    const href = option.url ? safeUrl(option.url) : null;
    if (href) window.open(href, "_blank", "noopener,noreferrer");
    surface.act(block, el, { selected_option: option });
  };
  const items = () => (el.options || []).map((option) => ({ text: plain(option.text), description: option.description ? plain(option.description) : "", run: () => pick(option) }));
  const node = h("button", {
    type: "button", class: "button overflow", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": labelOf(el, "More actions"), dataset: { actionId: el.action_id },
    on: { click: () => openMenu(node, items(), { label: labelOf(el, "More actions") }) },
  }, icon("more", 18));
  return node;
}

/** A text-like control whose state is one string field. */
function control(node, el, block, surface, { field, initial, read = (text) => text || null, write = (value) => value ?? "" }, opts) {
  const stored = surface.value(block.block_id, el.action_id, { type: el.type, [field]: initial ?? null });
  node.value = write(stored[field]);
  const save = () => surface.set(block.block_id, el.action_id, { type: el.type, [field]: read(node.value) });
  node.addEventListener("input", save);
  return { save, current: () => ({ [field]: read(node.value) }) };
}

function common(el, opts) {
  return {
    id: opts.id, "aria-label": opts.label, "aria-describedby": opts.describedBy, "aria-required": opts.required ? "true" : null,
    placeholder: plain(el.placeholder) || null, dataset: { field: "", actionId: el.action_id, autofocus: el.focus_on_load ? "1" : "" },
  };
}

function counter(node, max) {
  const count = h("span", { class: "counter", "aria-hidden": "true" });
  const show = () => {
    const left = max - node.value.length;
    count.textContent = String(left);
    count.classList.toggle("visible", left < Math.max(20, max * 0.1));
    count.classList.toggle("over", left < 0);
  };
  node.addEventListener("input", show);
  queueMicrotask(show);
  return count;
}

function textInput(type, inputmode) {
  return (el, block, surface, opts) => {
    const tag = el.multiline ? "textarea" : "input";
    const node = h(tag, { ...common(el, opts), class: "field", type: el.multiline ? null : type, inputmode, rows: el.multiline ? "4" : null, autocomplete: "off", minlength: el.min_length, autocapitalize: type === "text" ? null : "off" });
    const { current } = control(node, el, block, surface, { field: "value", initial: el.initial_value === undefined ? null : String(el.initial_value) }, opts);
    const triggers = el.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
    if (opts.changed) dispatchText(node, triggers, () => opts.changed(current()));
    return el.max_length ? h("span", { class: "field-wrap" }, node, counter(node, el.max_length)) : node;
  };
}

function dispatchText(node, triggers, send) {
  let timer;
  if (triggers.includes("on_character_entered")) {
    node.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(send, 350); });
  }
  if (triggers.includes("on_enter_pressed")) {
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      send();
    });
  }
}

function picker(type, field, initialField, convert = {}) {
  return (el, block, surface, opts) => {
    const node = h("input", { ...common(el, opts), type, class: "field field-short" });
    const { current } = control(node, el, block, surface, { field, initial: el[initialField], ...convert }, opts);
    if (opts.changed) node.addEventListener("change", () => opts.changed(current()));
    return node;
  };
}

function choice(type, field, initialField) {
  const single = type === "radio";
  return (el, block, surface, opts) => {
    const initial = single ? el[initialField] ?? null : el[initialField] || [];
    const stored = surface.value(block.block_id, el.action_id, { type: el.type, [field]: initial });
    const chosen = new Set((single ? [stored[field]] : stored[field]).filter(Boolean).map((option) => option.value));
    const name = uid("choice");
    const group = h("div", { class: "choices", role: single ? "radiogroup" : "group", "aria-label": opts.label, "aria-labelledby": opts.labelledBy, "aria-describedby": opts.describedBy, dataset: { field: "", actionId: el.action_id } });
    const read = () => {
      const picked = (el.options || []).filter((option, i) => group.querySelectorAll("input")[i].checked);
      return { [field]: single ? picked[0] ?? null : picked };
    };
    const change = () => {
      surface.set(block.block_id, el.action_id, { type: el.type, ...read() });
      opts.changed?.(read());
    };
    return append(group, (el.options || []).map((option) => h("label", { class: "choice" },
      h("input", { type, name, value: option.value, checked: chosen.has(option.value), on: { change } }),
      h("span", {}, textObject(option.text), option.description ? h("span", { class: "choice-description" }, textObject(option.description)) : null))));
  };
}

/** A file goes to the workspace as soon as it is chosen; the form only names it. */
function fileInput(el, block, surface, opts) {
  const most = el.max_files ?? 10;
  const stored = surface.value(block.block_id, el.action_id, { type: el.type, files: [] });
  const accept = (el.filetypes || []).map((ext) => `.${ext}`).join(",");
  const given = h("ul", { class: "given-files", "aria-live": "polite" });
  const show = (files) => fill(given, files.map((file) => h("li", {}, icon("file", 16), h("span", {}, file.name))));
  const say = (text) => fill(given, h("li", {}, text));
  const node = h("input", { ...common(el, opts), type: "file", class: "field", multiple: most > 1, accept: accept || null });
  node.addEventListener("change", async () => {
    const set = (files) => surface.set(block.block_id, el.action_id, { type: el.type, files });
    set([]);
    if (!node.files.length) return show([]);
    if (node.files.length > most) return say(most === 1 ? "One file only." : `At most ${most} files.`);
    say("Uploading…");
    const replies = await Promise.all([...node.files].map(upload));
    const lost = replies.find((reply) => !reply.file);
    if (lost) return say(failureText(lost));
    const files = replies.map((reply) => reply.file);
    set(files);
    show(files);
  });
  show(stored.files);
  return h("span", { class: "file-field" }, node, given);
}

function richTextInput(el, block, surface, opts) {
  const asBlock = (text) => (text ? { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] } : null);
  const asText = (value) => (value ? h("div", {}, richText(value)).textContent : "");
  const node = h("textarea", { ...common(el, opts), class: "field", rows: "4" });
  control(node, el, block, surface, { field: "rich_text_value", initial: el.initial_value, read: asBlock, write: asText }, opts);
  return node;
}

function feedback(el, block, surface) {
  const make = (side, name, fallback) => {
    const spec = el[side];
    if (!spec) return null;
    const label = spec.accessibility_label || plain(spec.text) || fallback;
    return h("button", { type: "button", class: "icon-button feedback", "aria-pressed": "false", "aria-label": label, title: plain(spec.text) || label, dataset: { actionId: el.action_id }, on: { click: (event) => {
      for (const other of event.currentTarget.parentNode.querySelectorAll(".feedback")) other.setAttribute("aria-pressed", String(other === event.currentTarget));
      surface.act(block, el, { value: spec.value });
    } } }, icon(name, 16));
  };
  return h("span", { class: "feedback-pair" }, make("positive_button", "up", "Good"), make("negative_button", "down", "Bad"));
}

function iconButton(el, block, surface) {
  if (el.visible_to_user_ids && !el.visible_to_user_ids.includes(store.as)) return null;
  return h("button", { type: "button", class: "icon-button", "aria-label": labelOf(el, plain(el.text)), title: plain(el.text), dataset: { actionId: el.action_id }, on: { click: () => surface.act(block, el, { value: el.value }) } }, icon(el.icon || "dot", 16));
}

const datetime = { read: (text) => (text ? fromLocalInput(text) : null), write: (value) => (value ? toLocalInput(value) : "") };

const ELEMENTS = {
  button, overflow, workflow_button: button,
  plain_text_input: textInput("text"), email_text_input: textInput("email", "email"), url_text_input: textInput("url", "url"), number_input: textInput("text", "decimal"),
  datepicker: picker("date", "selected_date", "initial_date"), timepicker: picker("time", "selected_time", "initial_time"),
  datetimepicker: picker("datetime-local", "selected_date_time", "initial_date_time", datetime),
  checkboxes: choice("checkbox", "selected_options", "initial_options"), radio_buttons: choice("radio", "selected_option", "initial_option"),
  file_input: fileInput, rich_text_input: richTextInput, feedback_buttons: feedback, icon_button: iconButton,
};
const SENDS_BY_ITSELF = new Set(["button", "workflow_button", "overflow", "feedback_buttons", "icon_button"]);

export function renderElement(el, block, surface, opts = {}) {
  const full = { ...opts };
  const immediate = opts.immediate && !SENDS_BY_ITSELF.has(el.type);
  if (immediate) full.changed = (payload) => surface.act(block, el, payload);
  if (!full.label && !full.id) full.label = labelOf(el, plain(el.placeholder) || "Choose");
  if (/_select$/.test(el.type)) return renderSelect(el, block, surface, { ...full, onChange: full.changed });
  const make = ELEMENTS[el.type];
  return make ? make(el, block, surface, full) : h("span", { class: "unknown" }, `Unsupported element: ${el.type}`);
}
