// Talks to the practice server: JSON requests and the event stream.

import { store } from "./store.js";

/** Error codes a person may meet, in words. */
const WORDS = {
  already_in_channel: "The app is already in this channel.", not_in_channel: "Only members of this channel can do that.",
  name_taken: "A channel by that name exists already.", invalid_name: "A channel name has 1 to 80 characters.", channel_not_found: "This channel is gone.",
  message_not_found: "This message is gone.", thread_not_found: "This thread is gone.", action_not_found: "This button is gone. The card shows the newest state.",
  view_not_found: "This dialog is no longer open.", user_not_found: "Nobody by that name is in this workspace.", unknown_shortcut: "The app has no such shortcut.",
  file_empty: "This file is empty.",
  account_inactive: "This account is deactivated, so it can do nothing. Act as somebody else to reactivate it.", no_such_subteam: "There is no such user group.",
};

async function answer(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = { ok: false, error: `The practice server answered ${response.status}.` };
  }
  if (!response.ok && body.ok === undefined) body.ok = false;
  if (body.ok === false && WORDS[body.error]) body.error = WORDS[body.error];
  return body;
}

/** POST as the current person. Never throws: a lost server is an ordinary failed answer. */
export async function post(path, body) {
  try {
    return await answer(
      await fetch(`/practice/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Practice": "1" },
        body: JSON.stringify({ as: store.as, ...body }),
      }),
    );
  } catch {
    return { ok: false, verdict: "no_server", error: "The practice server does not answer. Is it still running?" };
  }
}

/** Give the workspace a file as the current person. */
export async function upload(file) {
  const query = new URLSearchParams({ as: store.as, name: file.name });
  try {
    return await answer(await fetch(`/practice/upload?${query}`, { method: "POST", headers: { "X-Practice": "1" }, body: file }));
  } catch {
    return { ok: false, error: "The practice server does not answer. Is it still running?" };
  }
}

/** What one person sees; null when the workspace does not know them. */
export async function fetchState(as) {
  const response = await fetch(`/practice/state?as=${encodeURIComponent(as)}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`state ${response.status}`);
  return response.json();
}

/** What Slack tells a person whose click failed. */
export function failureText(reply) {
  if (reply.error) return reply.error;
  if (reply.verdict === "late" || reply.verdict === "no_reply") return "Something went wrong. Operation timed out.";
  if (reply.status) return `This app responded with Status Code ${reply.status}`;
  return "Something went wrong. Try again.";
}

export function failed(reply) {
  return reply.ok === false || ["late", "error", "no_reply"].includes(reply.verdict);
}

let source = null;
let generation = 0;

/** Listen from the store's sequence number; `onLost` runs when the stream ends. */
export function openStream({ onEvent, onOpen, onLost }) {
  closeStream();
  const mine = generation;
  source = new EventSource(`/practice/stream?as=${encodeURIComponent(store.as)}&since=${store.seq}`);
  source.onopen = () => mine === generation && onOpen();
  source.onmessage = (event) => {
    if (mine !== generation) return;
    const data = JSON.parse(event.data);
    if (data.seq) store.seq = Math.max(store.seq, data.seq);
    onEvent(data);
  };
  source.onerror = () => {
    if (mine !== generation) return;
    closeStream();
    onLost();
  };
}

export function closeStream() {
  generation += 1;
  if (source) source.close();
  source = null;
}
