// Modal views: the top of the stack is on screen, with focus kept inside.

import { failed, failureText, post } from "./api.js";
import { renderSurface } from "./blocks.js";
import { avatar, fill, focusables, h, icon, trapTab, uid } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { closeMenu } from "./popup.js";
import { store } from "./store.js";
import { forgetSurface, surfaceFor } from "./surface.js";

let shown = null;
let stack = [];
let opener = null;

const host = () => document.getElementById("modals");

/** Show the given stack of views; called on every change the server reports. */
export function syncStack(views) {
  const before = stack;
  stack = views || [];
  for (const view of before) if (!stack.some((one) => one.id === view.id)) forgetSurface(`view:${view.id}`);
  const top = stack.at(-1);
  if (!top) return closeAll();
  if (shown?.view.id === top.id) return update(top);
  if (!shown) opener = document.activeElement;
  return open(top);
}

function closeAll() {
  if (!shown) return;
  closeMenu();
  host().replaceChildren();
  shown = null;
  document.getElementById("app").inert = false;
  const back = opener?.isConnected && opener !== document.body ? opener : document.getElementById("composer-main");
  back?.focus();
}

function open(view) {
  closeMenu();
  shown = build(view);
  host().replaceChildren(shown.overlay);
  document.getElementById("app").inert = true;
  draw(view);
  focusFirst();
}

function focusFirst() {
  const body = shown.body;
  const target = body.querySelector("[data-autofocus='1']") || body.querySelector("[data-field]:not(.choices), .choices input") || shown.submit || focusables(shown.dialog).at(0);
  target?.focus({ preventScroll: true });
  closeMenu();
}

function update(view) {
  const active = document.activeElement;
  const place = shown.body.contains(active) ? { action: active.dataset.actionId, block: active.closest("[data-block-id]")?.dataset.blockId, start: active.selectionStart, end: active.selectionEnd } : null;
  const scroll = shown.body.scrollTop;
  draw(view);
  shown.body.scrollTop = scroll;
  if (!place) return;
  const block = shown.body.querySelector(`[data-block-id="${CSS.escape(place.block || "")}"]`);
  const node = place.action ? block?.querySelector(`[data-action-id="${CSS.escape(place.action)}"]`) : block?.querySelector("input,button,textarea");
  (node || shown.dialog).focus({ preventScroll: true });
  if (node && typeof place.start === "number") node.setSelectionRange?.(place.start, place.end);
}

function build(view) {
  const titleId = uid("modal-title");
  const title = h("h2", { id: titleId });
  const body = h("div", { class: "modal-body" });
  const footer = h("footer", { class: "modal-footer" });
  const banner = h("div", { class: "modal-banner", role: "alert" });
  const back = h("button", { type: "button", class: "icon-button modal-back", "aria-label": "Back", on: { click: () => close(false) } }, icon("back"));
  const cross = h("button", { type: "button", class: "icon-button", "aria-label": "Close dialog", on: { click: () => close(true) } }, icon("close"));
  const form = h("form", { class: "modal-form", novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, keydown: formKeys } },
    h("header", { class: "modal-head" }, back, avatar({ real_name: store.app.name, is_app: true }, "s"), title, cross), banner, body, footer);
  const dialog = h("div", { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": titleId, tabindex: "-1" }, form);
  const overlay = h("div", { class: "overlay", on: { keydown: (event) => overlayKeys(event, dialog) } }, dialog);
  return { view, dialog, overlay, title, body, footer, banner, back, submit: null };
}

function draw(view) {
  const surface = surfaceFor(`view:${view.id}`, { type: "view", view_id: view.id });
  shown.view = view;
  shown.surface = surface;
  surface.errors = { ...(view.errors || {}) };
  fill(shown.title, plain(view.title) || "Dialog");
  shown.back.hidden = stack.length < 2;
  shown.dialog.dataset.callbackId = view.callback_id || "";
  fill(shown.body, renderSurface(view.blocks || [], surface));
  const hasInputs = (view.blocks || []).some((block) => block.type === "input");
  const submitText = plain(view.submit) || (hasInputs ? "Submit" : "");
  shown.submit = submitText ? h("button", { type: "submit", class: "button primary-filled", disabled: Boolean(view.submit_disabled) }, h("span", { class: "button-text" }, submitText)) : null;
  fill(shown.footer, h("button", { type: "button", class: "button", on: { click: () => close(false) } }, plain(view.close) || "Close"), shown.submit);
  if (shown.busy) setBusy(false);
}

function formKeys(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
  } else if (event.key === "Enter" && event.target.type === "checkbox") {
    event.preventDefault();
    event.target.click();
  }
}

function overlayKeys(event, dialog) {
  trapTab(event, dialog);
  if (event.key === "Escape") {
    event.stopPropagation();
    close(false);
  }
}

function setBusy(busy) {
  shown.busy = busy;
  if (!shown.submit) return;
  shown.submit.classList.toggle("pending", busy);
  if (busy) shown.submit.setAttribute("aria-busy", "true");
  else shown.submit.removeAttribute("aria-busy");
}

async function submit() {
  if (!shown || shown.busy || !shown.submit) return;
  const { view, surface } = shown;
  banner("");
  surface.errors = {};
  surface.paint();
  setBusy(true);
  const reply = await post("view_submit", { view_id: view.id, state: { values: surface.state() } });
  if (shown?.view.id !== view.id) return;
  setBusy(false);
  if (reply.errors && Object.keys(reply.errors).length) showErrors(reply.errors);
  else if (failed(reply)) banner(reply.error || failureText(reply));
}

function showErrors(errors) {
  const surface = shown.surface;
  surface.errors = { ...errors };
  surface.paint();
  const blocks = [...shown.body.querySelectorAll("[data-block-id]")];
  const known = new Set(blocks.map((node) => node.dataset.blockId));
  const rest = Object.entries(errors).filter(([id]) => !known.has(id)).map(([, text]) => text);
  if (rest.length) banner(rest.join(" "));
  const first = blocks.find((node) => errors[node.dataset.blockId]);
  const field = first?.querySelector(".choices input, [data-field]");
  first?.scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
  closeMenu();
}

function banner(text) {
  fill(shown.banner, text ? h("div", { class: "notice" }, icon("warn", 16), h("span", {}, text)) : null);
}

/** Close the top view, or all of them as the cross does. */
async function close(all) {
  if (!shown) return;
  const { view } = shown;
  const left = all ? [] : stack.slice(0, -1);
  const reply = await post("view_close", { view_id: view.id, all });
  if (stack.at(-1)?.id === view.id) syncStack(left);
  return reply;
}

export const modalOpen = () => Boolean(shown);
