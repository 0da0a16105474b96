// Select menus of every kind: one combobox with a listbox, single or multiple.

import { post } from "./api.js";
import { avatar, fill, h, icon } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { Listbox } from "./popup.js";
import { channelName, store } from "./store.js";

const normal = (option) => ({ key: option.value, text: plain(option.text), description: option.description ? plain(option.description) : "", value: option });

function staticGroups(el) {
  if (el.option_groups) return el.option_groups.map((group) => ({ label: plain(group.label), options: group.options.map(normal) }));
  return [{ options: (el.options || []).map(normal) }];
}

function userGroups() {
  const people = [...store.people.values()].filter((person) => !person.is_bot);
  return [{ options: people.map((person) => ({ key: person.id, text: person.real_name || person.name, description: person.title, lead: () => avatar(person, "s"), value: person.id })) }];
}

function conversationGroups(el) {
  const kinds = el.filter?.include;
  const open = [...store.channels.values()].filter((channel) => (channel.is_im ? !kinds || kinds.includes("im") : !kinds || kinds.includes("public")));
  const shown = el.type.includes("channels") ? open.filter((channel) => !channel.is_im) : open;
  return [{ options: shown.map((channel) => ({ key: channel.id, text: `${channel.is_im ? "" : "#"}${channelName(channel)}`, value: channel.id })) }];
}

async function externalGroups(el, block, surface, query) {
  if (query.length < (el.min_query_length ?? 3)) return { hint: `Type at least ${el.min_query_length ?? 3} characters to search` };
  const reply = await post("options", { container: surface.container, block_id: block.block_id, action_id: el.action_id, value: query });
  if (reply.ok === false) return { hint: "Results could not be loaded." };
  return { groups: staticGroups(reply) };
}

/** Which state field each family of select fills, and how it finds options. */
const FAMILIES = {
  static: { one: "selected_option", many: "selected_options", initialOne: "initial_option", initialMany: "initial_options", groups: staticGroups },
  external: { one: "selected_option", many: "selected_options", initialOne: "initial_option", initialMany: "initial_options", remote: externalGroups },
  users: { one: "selected_user", many: "selected_users", initialOne: "initial_user", initialMany: "initial_users", groups: userGroups },
  conversations: { one: "selected_conversation", many: "selected_conversations", initialOne: "initial_conversation", initialMany: "initial_conversations", groups: conversationGroups },
  channels: { one: "selected_channel", many: "selected_channels", initialOne: "initial_channel", initialMany: "initial_channels", groups: conversationGroups },
};

export function selectFamily(el) {
  const name = el.type.replace(/^multi_/, "").replace(/_select$/, "");
  const multi = el.type.startsWith("multi_");
  const family = FAMILIES[name];
  return { ...family, multi, field: multi ? family.many : family.one, initial: multi ? el[family.initialMany] || [] : el[family.initialOne] ?? null };
}

const keyOf = (value) => (value && typeof value === "object" ? value.value : value);

function textOf(value, family, el) {
  if (value && typeof value === "object") return plain(value.text);
  const options = (family.groups?.(el) || []).flatMap((group) => group.options);
  return options.find((option) => option.key === value)?.text || value || "";
}

const matches = (option, query) => `${option.text} ${option.description || ""}`.toLowerCase().includes(query);

class Select {
  constructor(el, block, surface, { id, label, describedBy, optional, onChange }) {
    Object.assign(this, { el, block, surface, optional, onChange, family: selectFamily(el) });
    const stored = surface.value(block.block_id, el.action_id, { type: el.type, [this.family.field]: this.family.initial });
    this.current = stored[this.family.field];
    this.query = null;
    this.input = h("input", {
      type: "text", class: "select-input", role: "combobox", id, autocomplete: "off", spellcheck: "false", "aria-expanded": "false", "aria-autocomplete": "list",
      "aria-label": label, "aria-describedby": describedBy, placeholder: plain(el.placeholder) || (this.family.multi ? "Select options" : "Select an option"),
      dataset: { field: "", actionId: el.action_id },
      on: { keydown: (event) => this.keys(event), input: () => this.search(), blur: () => this.leave(), click: () => this.open() },
    });
    this.chips = h("span", { class: "chips" });
    this.node = h("div", { class: `select${this.family.multi ? " select-multi" : ""}`, on: { mousedown: (event) => this.pressed(event) } }, this.chips, this.input, icon("chevron", 16));
    this.list = new Listbox(this.node, { onPick: (option) => this.pick(option), multi: this.family.multi, label: label || plain(el.placeholder) || "Options" });
    this.list.onActive = (active) => (active ? this.input.setAttribute("aria-activedescendant", active) : this.input.removeAttribute("aria-activedescendant"));
    this.input.setAttribute("aria-controls", this.list.id);
    this.show();
  }

  pressed(event) {
    if (event.target === this.input) return;
    // the input keeps the focus: leaving it draws the chips anew, and a chip's click is lost
    event.preventDefault();
    if (event.target.closest("button")) return;
    this.input.focus();
    this.open();
  }

  selectedKeys() {
    return this.family.multi ? this.current.map(keyOf) : this.current ? [keyOf(this.current)] : [];
  }

  show() {
    if (!this.family.multi) {
      this.input.value = this.current ? textOf(this.current, this.family, this.el) : "";
      return;
    }
    this.input.value = "";
    fill(this.chips, this.current.map((value) => {
      const text = textOf(value, this.family, this.el);
      return h("span", { class: "chip" }, text, h("button", { type: "button", class: "chip-remove", "aria-label": `Remove ${text}`, on: { click: () => this.remove(keyOf(value)) } }, icon("close", 12)));
    }));
    this.input.classList.toggle("quiet", this.current.length > 0);
  }

  async open(query = "") {
    this.input.setAttribute("aria-expanded", "true");
    if (!this.family.multi && !query) this.input.select();
    this.query = query;
    const { groups, hint } = await this.find(query);
    if (this.query !== query || document.activeElement !== this.input) return;
    this.list.show(groups || [], { empty: hint || "No results" });
  }

  async find(query) {
    if (this.family.remote) {
      this.list.show([], { busy: true });
      const found = await this.family.remote(this.el, this.block, this.surface, query);
      return { hint: found.hint, groups: (found.groups || []).map((group) => this.mark(group, "")) };
    }
    const groups = this.family.groups(this.el).map((group) => this.mark(group, query.toLowerCase()));
    return { groups: groups.filter((group) => group.options.length) };
  }

  mark(group, query) {
    const chosen = this.selectedKeys();
    const options = group.options.filter((option) => matches(option, query)).map((option) => ({ ...option, lead: option.lead?.(), selected: chosen.includes(option.key) }));
    return { label: group.label, options };
  }

  search() {
    if (this.family.remote) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.open(this.input.value), 150);
    } else this.open(this.input.value);
  }

  close() {
    this.query = null;
    this.list.close();
    this.input.setAttribute("aria-expanded", "false");
  }

  leave() {
    if (!this.family.multi && this.optional && this.current && this.input.value.trim() === "") this.store(null);
    this.close();
    this.show();
  }

  pick(option) {
    if (!this.family.multi) {
      this.close();
      return this.store(option.value);
    }
    if (this.selectedKeys().includes(option.key)) return this.remove(option.key);
    if (this.el.max_selected_items && this.current.length >= this.el.max_selected_items) return undefined;
    this.store([...this.current, option.value]);
    return this.open();
  }

  remove(key) {
    this.store(this.current.filter((value) => keyOf(value) !== key));
    this.input.focus();
  }

  store(value) {
    this.current = value;
    this.surface.set(this.block.block_id, this.el.action_id, { type: this.el.type, [this.family.field]: value });
    this.show();
    this.onChange?.({ [this.family.field]: value });
  }

  keys(event) {
    const isOpen = this.list.isOpen;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) this.list.move(event.key === "ArrowDown" ? 1 : -1);
      else this.open();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (isOpen) this.list.pickActive();
      else this.open();
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      this.close();
      this.show();
    } else if (event.key === "Backspace" && this.family.multi && !this.input.value && this.current.length) {
      this.remove(keyOf(this.current.at(-1)));
    } else if (event.key === " " && !isOpen) {
      event.preventDefault();
      this.open();
    }
  }
}

export function renderSelect(el, block, surface, options) {
  return new Select(el, block, surface, options).node;
}
