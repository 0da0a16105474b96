// Block Kit blocks to DOM nodes: a table from block type to a renderer.

import { dataTable, dataVisualization, table } from "./data.js";
import { renderElement } from "./elements.js";
import { append, h, icon, uid } from "./dom.js";
import { markdown } from "./markdown.js";
import { link, plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const text = (object) => h("div", { class: "text" }, textObject(object));

/** Images load from this server only; others show their description. */
export function imageSource(el) {
  const file = el.slack_file;
  const url = el.image_url || file?.url || (file?.id ? `/practice/files/${encodeURIComponent(file.id)}` : "");
  if (/^data:image\//.test(url)) return url;
  try {
    const parsed = new URL(url, location.origin);
    if (parsed.origin === location.origin) return parsed.href;
    if (parsed.pathname.startsWith("/practice/files/")) return parsed.pathname;
  } catch {
    return null;
  }
  return null;
}

export function picture(el, className) {
  const alt = el.alt_text || "";
  const missing = () => h("span", { class: `${className} image-missing`, role: "img", "aria-label": alt }, icon("file", 16), h("span", {}, alt || "Image"));
  const src = imageSource(el);
  if (!src) return missing();
  const node = h("img", { class: className, src, alt, loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing()));
  return node;
}

function section(block, surface) {
  const fields = block.fields ? h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "text" }, textObject(field)))) : null;
  const body = h("div", { class: "section-body" }, block.text ? text(block.text) : null, fields);
  const accessory = block.accessory;
  if (!accessory) return body;
  const side = accessory.type === "image" ? picture(accessory, "accessory-image") : renderElement(accessory, block, surface, { immediate: true });
  return h("div", { class: `section-row with-${accessory.type}` }, body, h("div", { class: "accessory" }, side));
}

function context(block) {
  return h("div", { class: "context" }, (block.elements || []).map((el) => (el.type === "image" ? picture(el, "context-image") : h("span", { class: "text" }, textObject(el)))));
}

function image(block) {
  const src = imageSource(block);
  const img = picture(block, "image-full");
  const frame = src ? h("a", { href: src, target: "_blank", rel: "noopener", class: "image-link", "aria-label": `Open image: ${block.alt_text || plain(block.title) || "full size"}` }, img) : img;
  return h("figure", { class: "image" }, block.title ? h("figcaption", {}, textObject(block.title)) : null, frame);
}

const actions = (block, surface) => h("div", { class: "actions" }, (block.elements || []).map((el) => renderElement(el, block, surface, { immediate: true })));

const GROUPED = new Set(["checkboxes", "radio_buttons"]);

function input(block, surface) {
  const el = block.element || {};
  const id = uid("field");
  const required = !block.optional;
  const label = [textObject(block.label), block.optional ? h("span", { class: "optional" }, " (optional)") : null];
  const described = [block.hint ? `${id}-hint` : "", `${id}-error`].filter(Boolean).join(" ");
  const grouped = GROUPED.has(el.type);
  const node = renderElement(el, block, surface, { id: grouped ? null : id, label: grouped ? null : undefined, labelledBy: grouped ? `${id}-label` : null, describedBy: described, required, optional: block.optional, immediate: Boolean(block.dispatch_action) });
  return [
    grouped ? h("div", { class: "label", id: `${id}-label` }, label) : h("label", { class: "label", for: id, id: `${id}-label` }, label),
    node,
    block.hint ? h("div", { class: "hint", id: `${id}-hint` }, textObject(block.hint)) : null,
    h("div", { class: "field-error", id: `${id}-error`, role: "alert" }),
  ];
}

function card(block, surface) {
  const head = h("div", { class: "card-head" },
    block.icon ? picture(block.icon, "card-icon") : null,
    h("div", { class: "card-titles" },
      block.title ? h("div", { class: "card-title", role: "heading", "aria-level": "4" }, textObject(block.title)) : null,
      block.subtitle ? h("div", { class: "card-subtitle" }, textObject(block.subtitle)) : null));
  return h("div", { class: "card" },
    block.hero_image ? picture(block.hero_image, "card-hero") : null, head,
    block.body ? h("div", { class: "card-body text" }, textObject(block.body)) : null,
    block.actions?.length ? h("div", { class: "actions" }, block.actions.map((el) => renderElement(el, block, surface, { immediate: true }))) : null);
}

const carousel = (block, surface) => h("div", { class: "carousel", role: "group", "aria-label": "Cards", tabindex: "0" }, (block.elements || []).map((el) => wrap({ type: "card", ...el, block_id: el.block_id || block.block_id }, surface)));

function container(block, surface) {
  const bodyId = uid("container");
  const folds = Boolean(block.is_collapsible);
  const open = !(surface.collapsed.get(block.block_id) ?? (folds && block.default_collapsed));
  const titles = h("span", { class: "container-titles" },
    h("span", { class: "container-title" }, block.rich_text_title ? richText(block.rich_text_title) : textObject(block.title)),
    block.subtitle ? h("span", { class: "container-subtitle" }, textObject(block.subtitle)) : null);
  const body = h("div", { class: "container-body", id: bodyId, hidden: !open }, renderBlocks(block.child_blocks || [], surface));
  const inside = [block.icon ? picture(block.icon, "card-icon") : null, titles];
  if (!folds) return h("div", { class: "container" }, h("div", { class: "container-head" }, inside), body);
  const head = h("button", { type: "button", class: "container-head", "aria-expanded": String(open), "aria-controls": bodyId, on: { click: () => {
    body.hidden = !body.hidden;
    surface.collapsed.set(block.block_id, body.hidden);
    head.setAttribute("aria-expanded", String(!body.hidden));
  } } }, inside, icon("chevron", 16));
  return h("div", { class: "container" }, head, body);
}

const LEVELS = { default: ["info", "Note"], info: ["info", "Info"], warning: ["warn", "Warning"], error: ["warn", "Error"], success: ["check", "Done"] };

function alert(block) {
  const level = LEVELS[block.level] ? block.level : "default";
  const [name, word] = LEVELS[level];
  return h("div", { class: `alert alert-${level}`, role: level === "error" ? "alert" : "note" }, icon(name, 18), h("span", { class: "visually-hidden" }, `${word}: `), h("div", { class: "text" }, textObject(block.text)));
}

const STATUS = { pending: ["clock", "Waiting"], in_progress: ["dot", "In progress"], complete: ["check", "Done"], error: ["cross", "Failed"] };

function task(block) {
  const status = STATUS[block.status] ? block.status : "pending";
  const [name, word] = STATUS[status];
  const detail = [block.details ? richText(block.details) : null, block.output ? h("div", { class: "task-output" }, richText(block.output)) : null,
    block.sources?.length ? h("div", { class: "task-sources" }, block.sources.map((source) => link(source.url, source.text || source.url))) : null].filter(Boolean);
  return h("div", { class: `task task-${status}` },
    h("span", { class: "task-icon" }, status === "in_progress" ? h("span", { class: "spinner" }) : icon(name, 16)),
    h("div", { class: "task-main" }, h("div", { class: "task-title" }, h("span", {}, plain(block.title)), h("span", { class: "task-status" }, word)), detail));
}

function plan(block, surface) {
  const tasks = block.tasks || [];
  const done = tasks.filter((one) => one.status === "complete").length;
  return h("div", { class: "plan", role: "group", "aria-label": plain(block.title) },
    h("div", { class: "plan-head" }, h("span", { class: "plan-title" }, textObject(block.title)), h("span", { class: "plan-count" }, `${done} of ${tasks.length} done`)),
    tasks.map((one) => wrap({ ...one, type: "task_card" }, surface)));
}

const header = (block) => h("div", { class: "header", role: "heading", "aria-level": "3" }, textObject(block.text));
const videoLine = (block) => h("div", { class: "context" }, icon("file", 16), link(block.title_url || block.video_url || "", plain(block.title) || "Video"));

const BLOCKS = {
  section, header, context, image, actions, input, card, carousel, container, alert, plan, table,
  divider: () => h("hr"),
  markdown: (block) => h("div", { class: "markdown text" }, markdown(block.text)),
  rich_text: (block) => h("div", { class: "rich-text text" }, richText(block)),
  task_card: task,
  data_table: dataTable,
  data_visualization: dataVisualization,
  context_actions: (block, surface) => h("div", { class: "context-actions" }, (block.elements || []).map((el) => renderElement(el, block, surface))),
  video: videoLine,
  file: (block) => h("div", { class: "context" }, icon("file", 16), `File ${block.external_id || ""}`),
};

function wrap(block, surface) {
  const make = BLOCKS[block.type];
  const node = h("div", { class: `block block-${block.type}`, dataset: block.block_id ? { blockId: block.block_id } : {} });
  append(node, [make ? make(block, surface) : h("div", { class: "unknown" }, `Unsupported block: ${block.type}`)]);
  node.append(h("div", { class: "block-notice" }));
  return node;
}

export function renderBlocks(blocks, surface) {
  return blocks.map((block, i) => wrap(block.block_id ? block : { ...block, block_id: `b${i}` }, surface));
}

/** Blocks in a root the surface can repaint. */
export function renderSurface(blocks, surface, className = "blocks") {
  surface.begin();
  const root = h("div", { class: className, dataset: { surface: surface.key } }, renderBlocks(blocks, surface));
  surface.paintRoot(root);
  return root;
}
