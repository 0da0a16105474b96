// A surface is one place that holds blocks: a message, a modal view, the Home
// tab. It keeps what a person typed, what is waiting for an ack, and notices.

import { failed, failureText, post } from "./api.js";
import { fill, h, icon, toast } from "./dom.js";
import { confirmDialog } from "./popup.js";
import { store } from "./store.js";

const surfaces = new Map();

export function surfaceFor(key, container) {
  const full = `${store.as}/${key}`;
  if (!surfaces.has(full)) surfaces.set(full, new Surface(full));
  const surface = surfaces.get(full);
  surface.container = container;
  return surface;
}

export function forgetSurface(key) {
  surfaces.delete(`${store.as}/${key}`);
}

class Surface {
  constructor(key) {
    this.key = key;
    this.values = new Map();
    this.live = new Set();
    this.pending = new Set();
    this.notices = new Map();
    this.collapsed = new Map();
    this.errors = {};
  }

  begin() {
    this.live = new Set();
  }

  /** The kept value of an input, or `initial` when it is new. */
  value(blockId, actionId, initial) {
    const id = JSON.stringify([blockId, actionId]);
    this.live.add(id);
    if (!this.values.has(id)) this.values.set(id, initial);
    return this.values.get(id);
  }

  set(blockId, actionId, value) {
    this.values.set(JSON.stringify([blockId, actionId]), value);
    if (this.errors[blockId]) {
      delete this.errors[blockId];
      this.paint();
    }
  }

  /** `state.values` as Slack sends it, for the inputs now on screen. */
  state() {
    const values = {};
    for (const id of this.live) {
      const [blockId, actionId] = JSON.parse(id);
      values[blockId] ??= {};
      values[blockId][actionId] = this.values.get(id);
    }
    return values;
  }

  async act(block, element, payload = {}) {
    const id = `${block.block_id}/${element.action_id}`;
    if (this.pending.has(id)) return;
    if (element.confirm && !(await confirmDialog(element.confirm))) return;
    this.pending.add(id);
    this.notices.delete(block.block_id);
    this.paint();
    const reply = await post("action", {
      container: this.container, block_id: block.block_id, action_id: element.action_id, type: element.type, state: this.state(), ...payload,
    });
    this.pending.delete(id);
    if (failed(reply)) this.tell(block.block_id, failureText(reply));
    this.paint();
  }

  /** Say what went wrong beside the block, or on its own when that has been redrawn. */
  tell(blockId, text) {
    const roots = [...document.querySelectorAll(`[data-surface="${CSS.escape(this.key)}"]`)];
    if (roots.some((root) => root.querySelector(`[data-block-id="${CSS.escape(blockId)}"]`))) this.notices.set(blockId, text);
    else toast(text);
  }

  /** Bring spinners, notices and field errors on screen up to date. */
  paint() {
    for (const root of document.querySelectorAll(`[data-surface="${CSS.escape(this.key)}"]`)) this.paintRoot(root);
  }

  paintRoot(root) {
    for (const block of root.querySelectorAll("[data-block-id]")) {
      const blockId = block.dataset.blockId;
      for (const node of block.querySelectorAll("[data-action-id]")) {
        const busy = this.pending.has(`${blockId}/${node.dataset.actionId}`) && node.closest("[data-block-id]") === block;
        node.classList.toggle("pending", busy);
        if (busy) node.setAttribute("aria-busy", "true");
        else node.removeAttribute("aria-busy");
      }
      this.paintNotice(block, this.notices.get(blockId));
      paintError(block, this.errors[blockId]);
    }
  }

  paintNotice(block, text) {
    const slot = block.querySelector(":scope > .block-notice");
    if (!slot || slot.dataset.text === (text || "")) return;
    slot.dataset.text = text || "";
    fill(slot, text ? h("span", { class: "notice", role: "alert" }, icon("warn", 16), text) : null);
  }
}

function paintError(block, text) {
  const slot = block.querySelector(":scope > .field-error");
  if (!slot) return;
  const field = block.querySelector("[data-field]");
  block.classList.toggle("has-error", Boolean(text));
  if (field) {
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  if (slot.dataset.text === (text || "")) return;
  slot.dataset.text = text || "";
  fill(slot, text ? [icon("warn", 16), h("span", {}, text)] : null);
}
