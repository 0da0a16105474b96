// Three lines for a first visit; dismissed once, gone for good.

import { h, icon } from "./dom.js";
import { me, store } from "./store.js";

const KEY = "practice.guide.dismissed";

export function guide() {
  if (localStorage.getItem(KEY)) return null;
  const name = me().real_name || me().name;
  const lines = [
    `You are ${name}${me().title ? `, ${me().title.toLowerCase()}` : ""}. Change who you are with "Act as", at the top.`,
    `Type /brief in the message box to start a campaign; ${store.app.name} answers in this channel.`,
    "Open the inspector to see every signed request and how fast the app answered.",
  ];
  const dismiss = () => {
    localStorage.setItem(KEY, "1");
    node.remove();
    document.getElementById("composer-main")?.focus();
  };
  const node = h("section", { class: "guide", "aria-label": "First steps" },
    h("ol", {}, lines.map((line) => h("li", {}, line))),
    h("button", { type: "button", class: "button", on: { click: dismiss } }, icon("check", 16), "Got it"));
  return node;
}
