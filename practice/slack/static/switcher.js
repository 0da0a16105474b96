// Ctrl/Cmd+K: jump to a channel, or become another person.

import { avatar, fill, h, icon, trapTab } from "./dom.js";
import { channelName, store } from "./store.js";

let wrap = null;

function targets(switchTo) {
  const go = (hash) => () => { location.hash = hash; };
  const channels = [...store.channels.values()].map((channel) => ({ text: channelName(channel), note: channel.is_im ? "Direct message" : "Channel", lead: () => (channel.is_im ? avatar({ real_name: store.app.name, is_app: true }, "s") : icon("hash")), run: go(`#channel=${channel.id}`) }));
  const people = [...store.people.values()].filter((person) => person.id !== store.as).map((person) => ({ text: `Act as ${person.real_name}`, note: person.title || "", lead: () => avatar(person, "s"), run: () => switchTo(person.id) }));
  return [...channels, { text: `${store.app.name} Home`, note: "App Home", lead: () => icon("home"), run: go("#home") }, ...people];
}

export function closeSwitcher() {
  if (!wrap) return;
  wrap.remove();
  wrap = null;
  document.getElementById("app").inert = false;
}

export function openSwitcher(switchTo) {
  if (wrap) return closeSwitcher();
  const back = document.activeElement;
  const all = targets(switchTo);
  let found = all;
  let active = 0;
  const list = h("div", { class: "switcher-list", role: "listbox", id: "switcher-list", "aria-label": "Places and people" });
  const input = h("input", { type: "text", class: "field", placeholder: "Jump to a channel, or act as someone", role: "combobox", "aria-label": "Jump to", "aria-expanded": "true", "aria-controls": "switcher-list", autocomplete: "off" });
  const finish = (run) => {
    closeSwitcher();
    if (back?.isConnected) back.focus();
    run?.();
  };
  const show = () => {
    fill(list, found.length ? found.map((one, i) => h("div", { class: `option${i === active ? " active" : ""}`, role: "option", id: `switch-${i}`, "aria-selected": String(i === active), on: { click: () => finish(one.run) } }, one.lead(), h("span", { class: "menu-text" }, h("span", {}, one.text), h("span", { class: "menu-description" }, one.note)))) : h("div", { class: "listbox-empty" }, "Nothing by that name"));
    input.setAttribute("aria-activedescendant", found.length ? `switch-${active}` : "");
    list.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  };
  const keys = (event) => {
    trapTab(event, wrap);
    if (event.key === "Escape") { event.stopPropagation(); finish(); }
    if (event.key === "Enter") { event.preventDefault(); finish(found[active]?.run); }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      active = (active + step + found.length) % found.length;
      show();
    }
  };
  input.addEventListener("input", () => {
    const query = input.value.toLowerCase();
    found = all.filter((one) => `${one.text} ${one.note}`.toLowerCase().includes(query));
    active = 0;
    show();
  });
  wrap = h("div", { class: "overlay overlay-switcher", on: { keydown: keys, mousedown: (event) => event.target === wrap && finish() } }, h("div", { class: "switcher", role: "dialog", "aria-modal": "true", "aria-label": "Jump to" }, input, list));
  document.getElementById("popups").append(wrap);
  document.getElementById("app").inert = true;
  show();
  input.focus();
  return undefined;
}
