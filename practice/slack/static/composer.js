// The message box: slash commands with suggestions, mentions, Enter to send.

import { failed, failureText, post } from "./api.js";
import { avatar, fill, h, icon } from "./dom.js";
import { Listbox } from "./popup.js";
import { store } from "./store.js";

const drafts = new Map();
const BUILT_IN = [
  { command: "/invite", usage_hint: "@copydesk", description: "Add the app to this channel", insert: "/invite @copydesk" },
  { command: "/remove", usage_hint: "@copydesk", description: "Remove the app from this channel", insert: "/remove @copydesk" },
];

function commands() {
  const own = new Set(store.commands.map((one) => one.command));
  return [...store.commands, ...BUILT_IN.filter((one) => !own.has(one.command))];
}

export class Composer {
  constructor({ channel, thread = null, id, placeholder }) {
    Object.assign(this, { channel, thread, key: `${channel}/${thread || ""}` });
    this.field = h("textarea", {
      id, rows: "1", class: "composer-field", placeholder, "aria-label": placeholder, autocomplete: "off", "aria-autocomplete": "list",
      on: { keydown: (event) => this.keys(event), input: () => this.changed(), blur: () => this.list.close(), click: () => this.suggest() },
    });
    this.sendButton = h("button", { type: "submit", class: "send", "aria-label": "Send message" }, icon("send", 18));
    this.problem = h("div", { class: "composer-problem", role: "alert" });
    this.box = h("form", { class: "composer-box", on: { submit: (event) => { event.preventDefault(); this.send(); } } }, this.field, h("div", { class: "composer-row" }, h("span", { class: "composer-hint" }, thread ? "Enter to send" : "Enter to send · / for commands"), this.sendButton));
    this.node = h("div", { class: "composer" }, this.problem, this.box);
    this.list = new Listbox(this.box, { onPick: (option) => this.complete(option), above: true, label: "Suggestions" });
    this.list.onActive = (active) => (active ? this.field.setAttribute("aria-activedescendant", active) : this.field.removeAttribute("aria-activedescendant"));
    this.field.setAttribute("aria-controls", this.list.id);
    this.field.value = drafts.get(this.key) || "";
    queueMicrotask(() => this.resize());
  }

  resize() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 200)}px`;
    this.sendButton.disabled = !this.field.value.trim() || this.busy;
  }

  changed() {
    drafts.set(this.key, this.field.value);
    this.resize();
    this.suggest();
  }

  suggest() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const command = before.match(/^\/(\S*)$/);
    const mention = before.match(/(?:^|\s)@([\w.-]*)$/);
    if (command) this.offer(commands().filter((one) => one.command.startsWith(command[0])).map((one) => ({ key: one.command, text: `${one.command} ${one.usage_hint || ""}`.trim(), description: one.description, insert: one.insert || `${one.command} `, from: 0 })));
    else if (mention) this.offerPeople(mention[1].toLowerCase(), before.length - mention[1].length - 1);
    else this.list.close();
  }

  offerPeople(query, from) {
    const app = { id: store.app.bot_user, name: store.app.name.toLowerCase(), real_name: store.app.name, title: "App", is_app: true };
    const people = [...store.people.values(), app].filter((person) => `${person.name} ${person.real_name}`.toLowerCase().includes(query));
    this.offer(people.slice(0, 8).map((person) => ({ key: person.id, text: person.real_name, description: person.title, lead: avatar(person, "s"), insert: `@${person.name} `, from })));
  }

  offer(options) {
    if (options.length) this.list.show([{ options }]);
    else this.list.close();
  }

  complete(option) {
    const after = this.field.value.slice(this.field.selectionStart);
    this.field.value = this.field.value.slice(0, option.from) + option.insert + after;
    const caret = option.from + option.insert.length;
    this.field.focus();
    this.field.setSelectionRange(caret, caret);
    this.list.close();
    drafts.set(this.key, this.field.value);
    this.resize();
  }

  keys(event) {
    if (this.list.isOpen && this.listKeys(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  /** True when the suggestion list used the key. */
  listKeys(event) {
    const exact = this.list.entries[this.list.active]?.insert?.trim() === this.field.value.trim();
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (moves[event.key]) this.list.move(moves[event.key]);
    else if (event.key === "Tab" && !event.shiftKey) this.list.pickActive();
    else if (event.key === "Enter" && !event.shiftKey && !exact) this.list.pickActive();
    else if (event.key === "Escape") this.list.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  async send() {
    const text = this.field.value.trim();
    if (!text || this.busy) return;
    this.list.close();
    this.busy = true;
    this.box.classList.add("sending");
    this.field.value = "";
    drafts.delete(this.key);
    this.resize();
    this.say("");
    const reply = await this.deliver(text);
    this.busy = false;
    this.box.classList.remove("sending");
    if (failed(reply)) {
      if (!this.field.value) this.field.value = text;
      drafts.set(this.key, this.field.value);
      this.say(reply.error || (text.startsWith("/") ? `${text.split(/\s/)[0]} failed: ${failureText(reply)}` : failureText(reply)));
    }
    this.resize();
  }

  deliver(text) {
    const body = { channel: this.channel, text };
    if (this.thread) body.thread_ts = this.thread;
    return post("message", body);
  }

  say(text) {
    fill(this.problem, text ? h("div", { class: "notice" }, icon("warn", 16), h("span", {}, text), h("button", { type: "button", class: "icon-button small", "aria-label": "Dismiss", on: { click: () => this.say("") } }, icon("close", 14))) : null);
  }
}
