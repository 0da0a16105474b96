// Times as the acting person's zone shows them.

import { me } from "./store.js";

function zone() {
  return me().tz || undefined;
}

function format(date, options) {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone(), ...options }).format(date);
  } catch {
    return new Intl.DateTimeFormat("en-GB", options).format(date);
  }
}

export const dateOf = (ts) => new Date(Number.parseFloat(ts) * 1000);
export const clock = (date) => format(date, { hour: "2-digit", minute: "2-digit", hour12: false });
export const clockSeconds = (date) => format(date, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const dayKey = (date) => format(date, { year: "numeric", month: "2-digit", day: "2-digit" });
export const full = (date) => `${format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" })}, ${clockSeconds(date)}`;

function relativeDay(date) {
  const today = new Date();
  const key = dayKey(date);
  if (key === dayKey(today)) return "Today";
  if (key === dayKey(new Date(today.getTime() - 86400000))) return "Yesterday";
  if (key === dayKey(new Date(today.getTime() + 86400000))) return "Tomorrow";
  return null;
}

export function dayName(date) {
  return relativeDay(date) || format(date, { weekday: "long", day: "numeric", month: "long" });
}

const DATE_PARTS = {
  date_num: (d) => format(d, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-"),
  date: (d) => format(d, { day: "numeric", month: "long", year: "numeric" }),
  date_short: (d) => format(d, { day: "numeric", month: "short", year: "numeric" }),
  date_long: (d) => format(d, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  day: (d) => format(d, { weekday: "long" }),
  time: clock,
  time_secs: clockSeconds,
};
for (const name of ["date", "date_short", "date_long"]) {
  DATE_PARTS[`${name}_pretty`] = (d) => (relativeDay(d) || DATE_PARTS[name](d));
}
DATE_PARTS.ago = (d) => ago(d);

export function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  const steps = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  for (const [size, unit] of steps) {
    if (Math.abs(seconds) >= size) return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.round(seconds / size), unit);
  }
  return seconds < 0 ? "in a moment" : "just now";
}

/** Fill a `<!date>` pattern; an unknown part makes it null, so the fallback shows. */
export function dateToken(seconds, pattern, startsLine = true) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = pattern.replace(/\{([a-z_]+)\}/g, (_, name) => {
    if (!DATE_PARTS[name]) known = false;
    return known ? DATE_PARTS[name](date) : "";
  });
  if (!known) return null;
  // Within a sentence it is "today", not "Today".
  return startsLine ? text : text.replace(/\b(Today|Yesterday|Tomorrow)\b/g, (word) => word.toLowerCase());
}

/** Minutes the zone is ahead of UTC at that moment. */
function offsetMinutes(date) {
  const parts = {};
  const formatter = new Intl.DateTimeFormat("en-GB", { timeZone: zone(), hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  for (const { type, value } of formatter.formatToParts(date)) parts[type] = Number(value);
  return Math.round((Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - date.getTime()) / 60000);
}

/** Epoch seconds -> the text a datetime-local input wants. */
export function toLocalInput(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() + offsetMinutes(date) * 60000).toISOString().slice(0, 16);
}

export function fromLocalInput(text) {
  const wall = Date.parse(`${text}:00Z`);
  if (Number.isNaN(wall)) return null;
  const guess = wall - offsetMinutes(new Date(wall)) * 60000;
  return Math.round((wall - offsetMinutes(new Date(guess)) * 60000) / 1000);
}
