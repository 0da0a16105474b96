// The page's copy of the workspace: one object, loaded by /practice/state and
// kept current by the event stream. Views subscribe to topics.

export const store = {
  as: null,
  team: { name: "Practice workspace" },
  app: { name: "App", bot_user: "" },
  people: new Map(),
  groups: [],
  channels: new Map(),
  messages: new Map(),
  ephemerals: new Map(),
  home: {},
  commands: [],
  shortcuts: [],
  requests: [],
  views: [],
  notes: [],
  espPage: "",
  faults: {},
  seq: 0,
  route: { kind: "channel", channel: null, thread: null },
};

const listeners = new Map();

export function subscribe(topic, fn) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(fn);
}

export function emit(topic, detail) {
  for (const fn of listeners.get(topic) || []) fn(detail);
}

export function loadState(state) {
  store.team = state.team || store.team;
  store.app = state.app || store.app;
  store.people = new Map((state.people || []).map((person) => [person.id, person]));
  store.groups = state.groups || [];
  store.channels = new Map((state.channels || []).map((channel) => [channel.id, channel]));
  store.messages = new Map();
  for (const [channel, list] of Object.entries(state.messages || {})) {
    store.messages.set(channel, new Map(list.map((message) => [message.ts, message])));
  }
  store.home = state.home || {};
  store.commands = state.commands || [];
  store.shortcuts = state.shortcuts || [];
  store.requests = state.requests || [];
  store.views = state.views || [];
  store.notes = state.notes || [];
  store.espPage = state.esp_page || "";
  store.faults = state.faults || {};
  store.seq = state.seq || 0;
}

export function me() {
  return store.people.get(store.as) || { id: store.as, name: "", real_name: "", tz: undefined };
}

/** The person or the app behind a message; unknown ids keep their id as name. */
export function author(message) {
  if (message.bot || message.user === store.app.bot_user) {
    return { id: message.user, real_name: message.app_name || store.app.name, is_app: true };
  }
  return store.people.get(message.user) || { id: message.user, real_name: message.user || "Unknown" };
}

export function personName(id) {
  if (id === store.app.bot_user) return store.app.name.toLowerCase();
  const person = store.people.get(id);
  return person ? person.name || person.real_name : id;
}

export function channelName(channel) {
  if (!channel) return "unknown";
  return channel.is_im ? store.app.name : channel.name;
}

function ephemeralsOf(channel) {
  return [...(store.ephemerals.get(store.as) || new Map()).values()].filter((message) => message.channel === channel);
}

const byTime = (a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0);

export function rootsOf(channel) {
  const all = [...(store.messages.get(channel) || new Map()).values(), ...ephemeralsOf(channel)];
  return all.filter((message) => !message.thread_ts || message.thread_ts === message.ts).sort(byTime);
}

export function repliesOf(channel, thread) {
  const all = [...(store.messages.get(channel) || new Map()).values(), ...ephemeralsOf(channel)];
  return all.filter((message) => message.thread_ts === thread && message.ts !== thread).sort(byTime);
}

export function messageOf(channel, ts) {
  return store.messages.get(channel)?.get(ts);
}

export function putMessage(message) {
  if (!store.messages.has(message.channel)) store.messages.set(message.channel, new Map());
  store.messages.get(message.channel).set(message.ts, message);
}

export function dropMessage(channel, ts) {
  store.messages.get(channel)?.delete(ts);
}

export function putEphemeral(message) {
  const owner = message.ephemeral_to || store.as;
  if (!store.ephemerals.has(owner)) store.ephemerals.set(owner, new Map());
  store.ephemerals.get(owner).set(message.ts, { ...message, ephemeral_to: owner });
}

export function dropEphemeral(ts) {
  store.ephemerals.get(store.as)?.delete(ts);
}

export function putRequest(row) {
  const at = store.requests.findIndex((known) => known.id === row.id);
  if (at >= 0) store.requests[at] = row;
  else store.requests.push(row);
  if (store.requests.length > 200) store.requests.shift();
}

const readKey = (channel) => `practice.read.${store.as}.${channel}`;

export function markRead(channel) {
  const last = rootsOf(channel).at(-1)?.ts;
  const newest = [...(store.messages.get(channel) || new Map()).keys()].sort().at(-1) || last;
  if (newest) localStorage.setItem(readKey(channel), newest);
}

export function unreadCount(channel) {
  const read = localStorage.getItem(readKey(channel)) || "0";
  let count = 0;
  for (const message of (store.messages.get(channel) || new Map()).values()) {
    if (message.ts > read && message.user !== store.as) count += 1;
  }
  return count;
}
