// What an administrator may do to a member: guest, deactivated, in or out of a group.

import { post } from "./api.js";
import { toast } from "./dom.js";
import { openMenu } from "./popup.js";
import { store } from "./store.js";

/** How a member stands, in words; empty for everybody else. */
export function standing(person) {
  return [person.deactivated && "Deactivated", person.external && "Another workspace", person.guest && "Guest"].filter(Boolean).join(", ");
}

/** A member's title and standing, for menus. */
export function aboutMember(person) {
  const words = standing(person);
  return words && !person.title?.startsWith(words) ? [person.title, words].filter(Boolean).join(" · ") : person.title;
}

function changes(person, channel) {
  const inGroup = (group) => group.members.includes(person.id);
  return [
    person.external ? null : person.guest ? { text: "Make a full member", change: "make_member" } : { text: "Make a guest", change: "make_guest" },
    person.deactivated ? { text: "Reactivate the account", change: "reactivate" } : { text: "Deactivate the account", change: "deactivate", danger: true },
    channel.members.includes(person.id) ? { text: `Remove from #${channel.name}`, change: "leave_channel", channel: channel.id, danger: true } : null,
    ...store.groups.map((group) => (inGroup(group)
      ? { text: `Take out of @${group.handle}`, change: "leave_group", group: group.id, danger: true }
      : { text: `Add to @${group.handle}`, change: "join_group", group: group.id })),
  ].filter(Boolean);
}

export function memberMenu(person, channel, anchor) {
  const run = async ({ change, group, channel: from }) => {
    const reply = await post("member", { user: person.id, change, group, channel: from });
    toast(reply.ok === false ? reply.error || "That did not work." : `Done: ${person.real_name}. Slack has told the app.`);
  };
  openMenu(anchor, [
    { heading: `${person.real_name}, as an administrator` },
    ...changes(person, channel).map((one) => ({ text: one.text, danger: one.danger, run: () => run(one) })),
  ], { label: `Manage ${person.real_name}` });
}
