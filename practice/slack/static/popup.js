// Floating layers: menus, listboxes, confirm dialogs. One open menu at a time.

import { fill, h, icon, trapTab, uid } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

const layer = () => document.getElementById("popups");

/** Put `node` under (or over) `anchor`, inside the window. */
export function place(node, anchor, { match = false, above = false } = {}) {
  const rect = anchor.getBoundingClientRect();
  const gap = 4;
  if (match) node.style.minWidth = `${rect.width}px`;
  node.style.maxHeight = "320px";
  const size = node.getBoundingClientRect();
  const below = window.innerHeight - rect.bottom - gap - 8;
  const over = rect.top - gap - 8;
  const up = above || (below < Math.min(size.height, 320) && over > below);
  node.style.maxHeight = `${Math.max(120, Math.min(320, up ? over : below))}px`;
  const height = Math.min(size.height, Number.parseFloat(node.style.maxHeight));
  node.style.top = `${up ? Math.max(8, rect.top - gap - height) : rect.bottom + gap}px`;
  const left = rect.left + size.width > window.innerWidth - 8 ? rect.right - size.width : rect.left;
  node.style.left = `${Math.max(8, Math.min(left, window.innerWidth - size.width - 8))}px`;
}

let current = null;

export function closeMenu(restore = false) {
  if (!current) return;
  const { node, anchor, onClose } = current;
  current = null;
  node.remove();
  anchor.setAttribute("aria-expanded", "false");
  onClose?.();
  if (restore && anchor.isConnected) anchor.focus();
}

function moveFocus(items, step) {
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}

function menuKeys(event, node) {
  const items = [...node.querySelectorAll("[role^=menuitem]:not([disabled])")];
  const moves = { ArrowDown: () => moveFocus(items, 1), ArrowUp: () => moveFocus(items, -1), Home: () => items[0]?.focus(), End: () => items.at(-1)?.focus() };
  if (moves[event.key]) {
    event.preventDefault();
    moves[event.key]();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  } else if (event.key.length === 1 && /\S/.test(event.key)) {
    const hit = items.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
    hit?.focus();
  }
}

/**
 * Open a menu under a button. Items: {text, description?, icon?, lead?, checked?, danger?, href?, run}
 * or {heading} or {divider: true}.
 */
export function openMenu(anchor, items, { label, onClose } = {}) {
  if (current?.anchor === anchor) return closeMenu(true);
  closeMenu();
  const rows = items.map((item) => {
    if (item.divider) return h("div", { class: "menu-divider", role: "separator" });
    if (item.heading) return h("div", { class: "menu-heading", role: "presentation" }, item.heading);
    const radio = item.checked !== undefined;
    const props = {
      type: "button", class: `menu-item${item.danger ? " danger" : ""}`, role: radio ? "menuitemradio" : "menuitem",
      "aria-checked": radio ? String(item.checked) : null, tabindex: "-1", dataset: item.dataset || {},
      on: { click: () => { closeMenu(true); item.run?.(); } },
    };
    return h("button", props, item.lead, h("span", { class: "menu-text" }, h("span", {}, item.text), item.description ? h("span", { class: "menu-description" }, item.description) : null), item.checked ? icon("check", 16) : null);
  });
  const node = h("div", { class: "menu", role: "menu", "aria-label": label, on: { keydown: (event) => menuKeys(event, node) } }, rows);
  layer().append(node);
  anchor.setAttribute("aria-expanded", "true");
  current = { node, anchor, onClose };
  place(node, anchor);
  (node.querySelector("[aria-checked=true]") || node.querySelector("[role^=menuitem]"))?.focus();
}

document.addEventListener("mousedown", (event) => {
  if (current && !current.node.contains(event.target) && !current.anchor.contains(event.target)) closeMenu();
});
window.addEventListener("resize", () => closeMenu());

/** Ask the question of a Block Kit confirm object. Resolves true on confirm. */
export function confirmDialog(confirm) {
  return new Promise((resolve) => {
    const back = document.activeElement;
    const titleId = uid("confirm");
    const finish = (answer) => {
      wrap.remove();
      if (back?.isConnected) back.focus();
      resolve(answer);
    };
    const yes = h("button", { type: "button", class: `button ${confirm.style === "danger" ? "danger-filled" : "primary-filled"}`, on: { click: () => finish(true) } }, plain(confirm.confirm) || "Yes");
    const no = h("button", { type: "button", class: "button", on: { click: () => finish(false) } }, plain(confirm.deny) || "No");
    const box = h(
      "div",
      { class: "confirm", role: "alertdialog", "aria-modal": "true", "aria-labelledby": titleId, "aria-describedby": `${titleId}-text` },
      h("h2", { id: titleId }, plain(confirm.title)),
      h("div", { id: `${titleId}-text`, class: "confirm-text" }, textObject(confirm.text)),
      h("div", { class: "dialog-buttons" }, no, yes),
    );
    const keys = (event) => {
      trapTab(event, box);
      if (event.key === "Escape") { event.stopPropagation(); finish(false); }
    };
    const wrap = h("div", { class: "overlay overlay-top", on: { keydown: keys, mousedown: (event) => event.target === wrap && finish(false) } }, box);
    layer().append(wrap);
    (confirm.style === "danger" ? no : yes).focus();
  });
}

/** A listbox under an input; the input keeps focus. */
export class Listbox {
  constructor(anchor, { onPick, multi = false, above = false, label } = {}) {
    Object.assign(this, { anchor, onPick, above, entries: [], active: -1, isOpen: false });
    this.id = uid("listbox");
    this.node = h("div", { class: "listbox", role: "listbox", id: this.id, "aria-label": label, "aria-multiselectable": multi ? "true" : null, on: { mousedown: (event) => event.preventDefault() } });
    this.reflow = () => this.isOpen && (this.anchor.isConnected ? place(this.node, this.anchor, { match: true, above: this.above }) : this.close());
  }

  /** Groups: [{label, options: [{key, text, description, lead, selected, value}]}]. */
  show(groups, { empty = "No results", busy = false } = {}) {
    this.entries = groups.flatMap((group) => group.options);
    let index = -1;
    const rows = groups.flatMap((group) => [
      group.label ? h("div", { class: "listbox-group", role: "presentation" }, group.label) : null,
      ...group.options.map((option) => {
        index += 1;
        const at = index;
        return h("div", { class: "option", role: "option", id: `${this.id}-${at}`, "aria-selected": String(Boolean(option.selected)), dataset: { value: option.key }, on: { click: () => this.onPick(option), mousemove: () => this.active !== at && this.setActive(at, false) } },
          option.lead, h("span", { class: "menu-text" }, h("span", {}, option.text), option.description ? h("span", { class: "menu-description" }, option.description) : null), option.selected ? icon("check", 16) : null);
      }),
    ]);
    fill(this.node, rows.length ? rows : h("div", { class: "listbox-empty" }, busy ? "Loading…" : empty));
    if (!this.isOpen) {
      layer().append(this.node);
      this.isOpen = true;
      window.addEventListener("scroll", this.reflow, true);
      window.addEventListener("resize", this.reflow);
    }
    this.reflow();
    const chosen = this.entries.findIndex((option) => option.selected);
    this.setActive(this.entries.length ? Math.max(0, chosen) : -1);
  }

  setActive(index, scroll = true) {
    this.active = index;
    [...this.node.querySelectorAll("[role=option]")].forEach((row, i) => {
      row.classList.toggle("active", i === index);
      if (i === index && scroll) row.scrollIntoView({ block: "nearest" });
    });
    this.onActive?.(index >= 0 ? `${this.id}-${index}` : "");
  }

  move(step) {
    if (this.entries.length) this.setActive((this.active + step + this.entries.length) % this.entries.length);
  }

  pickActive() {
    if (this.entries[this.active]) this.onPick(this.entries[this.active]);
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.node.remove();
    window.removeEventListener("scroll", this.reflow, true);
    window.removeEventListener("resize", this.reflow);
    this.onActive?.("");
  }
}
