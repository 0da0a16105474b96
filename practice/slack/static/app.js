// Starts the page: loads the state, follows the stream, routes by the address.

import { fetchState, openStream, post } from "./api.js";
import { renderSurface } from "./blocks.js";
import { Composer } from "./composer.js";
import { avatar, fill, h, icon, toast } from "./dom.js";
import { drawSidebar, drawTopbar } from "./frame.js";
import { guide } from "./guide.js";
import { drawInspector, refreshInspector } from "./inspector.js";
import { aboutMember, memberMenu } from "./members.js";
import { emptyLead, MessageList, threadHash } from "./messages.js";
import { syncStack } from "./modal.js";
import { closeMenu, openMenu } from "./popup.js";
import { channelName, dropEphemeral, dropMessage, emit, loadState, markRead, messageOf, putEphemeral, putMessage, putRequest, repliesOf, rootsOf, store, subscribe } from "./store.js";
import { surfaceFor } from "./surface.js";
import { closeSwitcher, openSwitcher } from "./switcher.js";

const $ = (id) => document.getElementById(id);
const FIRST_PERSON = "U0MARKETER";
const view = { key: null, list: null, home: null, threadKey: null, threadList: null };

function parseRoute() {
  const hash = location.hash.slice(1);
  const params = new URLSearchParams(hash);
  const first = [...store.channels.values()].find((channel) => !channel.is_im)?.id || null;
  if (hash === "home") return { kind: "home", channel: first, thread: null };
  const wanted = params.get("channel");
  return { kind: "channel", channel: store.channels.has(wanted) ? wanted : first, thread: wanted === null || store.channels.has(wanted) ? params.get("thread") : null, message: params.get("message") };
}

function appMenu(channel, anchor) {
  const inside = channel.members?.includes(store.app.bot_user);
  const run = async (path) => {
    const reply = await post(path, { channel: channel.id });
    if (reply.ok === false) toast(reply.error || "That did not work.");
  };
  const members = (channel.members || []).map((id) => store.people.get(id)).filter(Boolean);
  openMenu(anchor, [
    inside ? { text: `Remove ${store.app.name} from #${channel.name}`, danger: true, run: () => run("remove_app") } : { text: `Add ${store.app.name} to #${channel.name}`, run: () => run("invite") },
    { divider: true }, { heading: `${members.length} people` },
    ...members.map((person) => ({ text: person.real_name, description: aboutMember(person), lead: avatar(person, "s"), dataset: { member: person.id }, run: () => memberMenu(person, channel, anchor) })),
  ], { label: `Members of #${channel.name}` });
}

function channelHead(channel) {
  const members = h("button", { type: "button", class: "top-button members", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `${channel.members?.length || 0} members`, on: { click: () => appMenu(channel, members) } }, icon("people", 16), h("span", {}, String(channel.members?.length || 0)));
  if (channel.is_im) return appHead("messages", channel);
  return h("header", { class: "pane-head" }, h("div", { class: "pane-titles" }, h("h1", {}, icon("hash", 18), channel.name), h("p", { class: "pane-sub" }, channel.topic || "")), members);
}

function appHead(tab, channel) {
  const im = channel || [...store.channels.values()].find((one) => one.is_im);
  const link = (name, href, text) => h("a", { href, class: "tab", "aria-current": tab === name ? "page" : null }, text);
  return h("header", { class: "pane-head app-head" }, h("div", { class: "pane-titles" }, h("h1", {}, avatar({ real_name: store.app.name, is_app: true }, "s"), store.app.name, h("span", { class: "app-badge" }, "APP"))),
    h("nav", { class: "tabs", "aria-label": store.app.name }, link("home", "#home", "Home"), im ? link("messages", `#channel=${encodeURIComponent(im.id)}`, "Messages") : null));
}

function missingApp(channel) {
  if (channel.is_im || channel.members?.includes(store.app.bot_user)) return null;
  return h("div", { class: "strip" }, h("span", {}, `${store.app.name} is not in #${channel.name}.`), h("button", { type: "button", class: "button small", on: { click: () => post("invite", { channel: channel.id }) } }, `Add ${store.app.name}`));
}

function leadFor(channel) {
  if (channel.is_im) return emptyLead(store.app.name, `Messages between you and ${store.app.name}. Only you can see them.`);
  return emptyLead(`# ${channel.name}`, channel.topic || "This is the very beginning of the channel.");
}

function drawChannel() {
  const channel = store.channels.get(store.route.channel);
  if (!channel) return void fill($("main"), h("p", { class: "empty" }, "There is no channel here yet."));
  const key = `${store.as}/channel/${channel.id}`;
  if (view.key !== key) {
    view.key = key;
    view.list = new MessageList({ label: `Messages in ${channel.is_im ? "" : "#"}${channelName(channel)}`, lead: leadFor(channel) });
    const composer = new Composer({ channel: channel.id, id: "composer-main", placeholder: `Message ${channel.is_im ? "" : "#"}${channelName(channel)}` });
    view.head = h("div", { class: "head-slot" });
    fill($("main"), view.head, guide(), view.list.node, composer.node);
  }
  const signature = JSON.stringify(channel);
  if (view.head.dataset.signature !== signature) {
    view.head.dataset.signature = signature;
    fill(view.head, channelHead(channel), missingApp(channel));
  }
  view.list.show(rootsOf(channel.id));
  markRead(channel.id);
  drawTitle(channelName(channel));
}

function drawTitle(place) {
  document.title = `${place} · ${store.team.name || "Practice workspace"}`;
}

function drawHome() {
  const key = `${store.as}/home`;
  const home = store.home[store.as];
  if (view.key !== key) {
    view.key = key;
    view.home = h("div", { class: "home", role: "region", "aria-label": `${store.app.name} Home`, tabindex: "0" });
    fill($("main"), appHead("home"), view.home);
    post("home", {}).then((reply) => reply.ok === false && toast(reply.error || `${store.app.name} did not answer.`));
  }
  drawTitle(`${store.app.name} Home`);
  if (!home) return void fill(view.home, h("p", { class: "empty" }, `${store.app.name} has not shown its Home tab yet.`));
  const active = view.home.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
  const surface = surfaceFor(`home:${store.as}`, { type: "view", view_id: home.id });
  const scroll = view.home.scrollTop;
  fill(view.home, renderSurface(home.blocks || [], surface, "blocks home-blocks"));
  view.home.scrollTop = scroll;
  if (active) view.home.querySelector(`[data-action-id="${CSS.escape(active)}"]`)?.focus();
}

function closeThread() {
  const from = store.route.thread;
  location.hash = `#channel=${encodeURIComponent(store.route.channel)}`;
  requestAnimationFrame(() => document.querySelector(`#main [data-ts="${CSS.escape(from || "")}"] .replies`)?.focus());
}

function drawThread() {
  const pane = $("thread");
  const { channel: id, thread } = store.route;
  const channel = store.channels.get(id);
  const root = thread && channel ? messageOf(id, thread) : null;
  const isOpen = Boolean(thread && channel && store.route.kind === "channel");
  pane.hidden = !isOpen;
  document.body.classList.toggle("thread-open", isOpen);
  if (!isOpen) {
    view.threadKey = null;
    return;
  }
  const key = `${store.as}/${id}/${thread}`;
  if (view.threadKey !== key) {
    view.threadKey = key;
    view.threadList = new MessageList({ label: "Thread", inThread: true });
    const composer = new Composer({ channel: id, thread, id: "composer-thread", placeholder: "Reply…" });
    fill(pane, h("header", { class: "pane-head" }, h("button", { type: "button", class: "icon-button only-phone", "aria-label": "Back to the channel", on: { click: closeThread } }, icon("back")),
      h("div", { class: "pane-titles" }, h("h2", {}, "Thread"), h("p", { class: "pane-sub" }, `${channel.is_im ? "" : "# "}${channelName(channel)}`)),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close thread", on: { click: closeThread } }, icon("close"))), view.threadList.node, composer.node);
  }
  const gone = { channel: id, ts: thread, user: "", text: "_This message was deleted._", blocks: [] };
  view.threadList.show([root || gone, ...repliesOf(id, thread)]);
}

function drawPlace() {
  if (store.route.kind === "home") drawHome();
  else drawChannel();
  drawThread();
  drawSidebar($("sidebar"));
}

function route() {
  closeMenu();
  document.body.classList.remove("sidebar-open");
  store.route = parseRoute();
  drawPlace();
  const { message, thread } = store.route;
  if (message) (thread ? view.threadList : view.list)?.reveal(message);
}

const EVENTS = {
  message: ({ message }) => { putMessage(message); changed(message.channel); },
  message_changed: ({ message }) => { putMessage(message); changed(message.channel); },
  message_deleted: ({ channel, ts }) => { dropMessage(channel, ts); changed(channel); },
  ephemeral: ({ message }) => { putEphemeral(message); changed(message.channel); whisper(message); },
  ephemeral_removed: ({ channel, ts }) => { dropEphemeral(ts); changed(channel); },
  view: ({ person, stack }) => { if (person === store.as) syncStack(stack); },
  home: ({ person, view: home }) => { store.home[person] = home; if (store.route.kind === "home") drawHome(); },
  request: ({ request }) => { putRequest(request); refreshInspector(); },
  channel: ({ channel }) => { store.channels.set(channel.id, channel); drawPlace(); },
  reset: () => start(),
};

/** An answer only this person sees may land in a thread that is not open. */
function whisper(message) {
  const thread = message.thread_ts;
  if (!thread || thread === message.ts || store.route.thread === thread) return;
  toast(`${store.app.name} answered you in a thread.`, { label: "Open thread", run: () => { location.hash = threadHash(message.channel, thread); } });
}

let queued = false;
let pressed = false;
function changed() {
  if (queued) return;
  queued = true;
  if (!pressed) queueMicrotask(drawChanged);
}

function drawChanged() {
  queued = false;
  drawPlace();
}

// A card drawn anew between pressing a button and letting go of it would lose the click.
function released() {
  pressed = false;
  if (queued) setTimeout(drawChanged);
}
document.addEventListener("pointerdown", () => { pressed = true; });
for (const end of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(end, released);
window.addEventListener("blur", released);
subscribe("messages", changed);

function setOffline(offline) {
  let bar = $("offline");
  if (!offline) return void bar?.remove();
  if (bar) return undefined;
  bar = h("div", { id: "offline", class: "offline", role: "status" }, "The practice server does not answer. Trying again…");
  document.body.prepend(bar);
  return undefined;
}

let retry = 500;

async function start() {
  try {
    const wanted = store.as || new URLSearchParams(location.search).get("as") || localStorage.getItem("practice.as") || FIRST_PERSON;
    const state = (await fetchState(wanted)) || (await fetchState(FIRST_PERSON));
    store.as = state.people.some((person) => person.id === wanted) ? wanted : FIRST_PERSON;
    loadState(state);
  } catch {
    setOffline(true);
    retry = Math.min(5000, retry * 1.5);
    return void setTimeout(start, retry);
  }
  retry = 500;
  setOffline(false);
  view.head?.removeAttribute("data-signature");
  drawTopbar($("topbar"), { switchTo, toggleInspector, toggleSidebar, openSwitcher: () => openSwitcher(switchTo) });
  markInspector();
  route();
  syncStack(store.views);
  refreshInspector();
  openStream({ onEvent: (event) => EVENTS[event.type]?.(event), onOpen: () => setOffline(false), onLost: () => { setTimeout(start, 400); } });
  document.body.dataset.ready = store.as;
  return undefined;
}

async function switchTo(person) {
  store.as = person;
  localStorage.setItem("practice.as", person);
  const url = new URL(location.href);
  url.searchParams.set("as", person);
  history.replaceState(null, "", url);
  document.body.dataset.ready = "";
  view.key = null;
  view.threadKey = null;
  syncStack([]);
  const wasDirect = store.channels.get(store.route.channel)?.is_im && store.route.kind === "channel";
  await start();
  const direct = [...store.channels.values()].find((channel) => channel.is_im);
  if (wasDirect && direct) location.hash = `#channel=${encodeURIComponent(direct.id)}`;
  document.querySelector(".act-as")?.focus();
}

function markInspector() {
  $("inspector-toggle")?.setAttribute("aria-expanded", String(!$("inspector").hidden));
}

function toggleInspector() {
  const pane = $("inspector");
  pane.hidden = !pane.hidden;
  document.body.classList.toggle("inspector-open", !pane.hidden);
  markInspector();
  if (pane.hidden) $("inspector-toggle")?.focus();
  else drawInspector(pane, toggleInspector);
}

function toggleSidebar() {
  const open = document.body.classList.toggle("sidebar-open");
  if (open) $("sidebar").querySelector("a")?.focus();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!$("modals").childElementCount) openSwitcher(switchTo);
  }
  if (event.key !== "Escape" || $("modals").childElementCount) return;
  if (document.body.classList.contains("sidebar-open")) document.body.classList.remove("sidebar-open");
  else if ($("inspector").contains(document.activeElement)) toggleInspector();
  else if ($("thread").contains(document.activeElement)) closeThread();
});
document.addEventListener("mousedown", (event) => {
  if (document.body.classList.contains("sidebar-open") && !$("sidebar").contains(event.target) && !event.target.closest("[aria-controls=sidebar]")) document.body.classList.remove("sidebar-open");
});
window.addEventListener("hashchange", route);
// The address stays the same when a link is followed again, but the eyes went elsewhere.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("a")?.getAttribute("href") === location.hash) route();
});
window.addEventListener("beforeunload", closeSwitcher);
emit("starting");
start();
