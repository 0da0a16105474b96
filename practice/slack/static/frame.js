// The top bar and the sidebar.

import { post } from "./api.js";
import { avatar, fill, h, icon, toast } from "./dom.js";
import { aboutMember } from "./members.js";
import { openMenu } from "./popup.js";
import { channelName, me, store, unreadCount } from "./store.js";

export function drawTopbar(node, { switchTo, toggleInspector, toggleSidebar, openSwitcher }) {
  const person = me();
  const items = () => [...store.people.values()].map((one) => ({ text: one.real_name || one.name, description: aboutMember(one), lead: avatar(one, "s"), checked: one.id === store.as, dataset: { person: one.id }, run: () => switchTo(one.id) }));
  const act = h("button", { type: "button", class: "act-as", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `Act as: ${person.real_name}, ${person.title || ""}`, on: { click: () => openMenu(act, items(), { label: "Act as" }) } },
    avatar(person, "s"), h("span", { class: "act-as-text" }, h("span", { class: "act-as-label" }, "Act as"), h("span", { class: "act-as-name" }, person.real_name || person.name, h("span", { class: "act-as-role" }, ` · ${person.title || ""}`))), icon("chevron", 14));
  fill(node,
    h("button", { type: "button", class: "icon-button only-phone", "aria-label": "Channels", "aria-controls": "sidebar", on: { click: toggleSidebar } }, icon("menu", 20)),
    h("div", { class: "notes" }, (store.notes.length ? store.notes : ["Practice workspace"]).map((line) => h("span", {}, line))),
    h("button", { type: "button", class: "jump", on: { click: openSwitcher } }, icon("search", 16), h("span", {}, "Jump to"), h("kbd", {}, /Mac/.test(navigator.platform) ? "⌘K" : "Ctrl K")),
    act,
    h("button", { type: "button", id: "inspector-toggle", class: "top-button", "aria-expanded": "false", "aria-controls": "inspector", on: { click: toggleInspector } }, icon("inspect", 18), h("span", {}, "Inspector")));
}

function entry({ href, lead, text, unread, current }) {
  return h("a", { href, class: `side-item${unread ? " unread" : ""}`, "aria-current": current ? "page" : null }, lead, h("span", { class: "side-text" }, text),
    unread ? h("span", { class: "badge" }, h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)), h("span", { class: "visually-hidden" }, `, ${unread} unread`)) : null);
}

function newChannel() {
  const input = h("input", { type: "text", class: "side-input", placeholder: "new-channel", "aria-label": "Name of the new channel", maxlength: "80" });
  const form = h("form", { class: "side-new", on: { submit: async (event) => {
    event.preventDefault();
    const name = input.value.trim().toLowerCase().replace(/[^a-z0-9_-]+/g, "-");
    if (!name) return;
    const reply = await post("channel", { name });
    if (reply.ok === false) return void toast(reply.error || "The channel could not be made.");
    if (reply.channel?.id) location.hash = `#channel=${reply.channel.id}`;
  } } }, input);
  const button = h("button", { type: "button", class: "side-item side-add", on: { click: () => { button.replaceWith(form); input.focus(); } } }, h("span", { class: "side-plus", "aria-hidden": "true" }, "+"), h("span", { class: "side-text" }, "Add a channel"));
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") { form.replaceWith(button); button.focus(); } });
  return button;
}

export function drawSidebar(node) {
  if (node.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
  const focused = node.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const route = store.route;
  const all = [...store.channels.values()];
  const row = (channel) => entry({
    href: `#channel=${encodeURIComponent(channel.id)}`, text: channelName(channel), unread: unreadCount(channel.id), current: route.kind === "channel" && route.channel === channel.id,
    lead: channel.is_im ? avatar({ real_name: store.app.name, is_app: true }, "xs") : icon("hash", 16),
  });
  fill(node,
    h("div", { class: "workspace" }, h("span", { class: "workspace-mark", "aria-hidden": "true" }, "P"), h("span", { class: "workspace-name" }, store.team.name || "Practice workspace")),
    h("div", { class: "side-scroll" },
      entry({ href: "#home", lead: icon("home", 16), text: `${store.app.name} Home`, current: route.kind === "home" }),
      h("h2", { class: "side-heading" }, "Channels"), all.filter((channel) => !channel.is_im).map(row), newChannel(),
      h("h2", { class: "side-heading" }, "Direct messages"), all.filter((channel) => channel.is_im).map(row)));
  if (focused) node.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}
