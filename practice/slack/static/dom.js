// Builds elements from data. Text only ever becomes text nodes, so hostile
// message text cannot become markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "readOnly", "hidden", "inert", "tabIndex"]);

/** Make an element; `on` holds listeners, `dataset` data attributes, strings become text. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(key)) node[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, String(value));
  return append(node, children);
}

const ICONS = {
  hash: "M7.5 3 5.5 17M14.5 3l-2 14M3.5 7.5h14M2.5 12.5h14",
  chevron: "m5 7.5 5 5 5-5",
  right: "m7.5 5 5 5-5 5",
  back: "M12.5 4 6.5 10l6 6",
  close: "m5 5 10 10M15 5 5 15",
  more: "M10 4.5v.01M10 10v.01M10 15.500v.01",
  reply: "M17 9.500c0 3.300-3.100 6-7 6-.900 0-1.800-.150-2.600-.400L3.500 16.500l1-3.200C3.600 12.200 3 10.900 3 9.500c0-3.300 3.100-6 7-6s7 2.700 7 6Z",
  send: "M3 10 17 3.500 13 17l-3.500-5.500L3 10Zm6.500 1.500L13 8",
  home: "M3.500 9 10 3.500 16.500 9v7.500h-4.500V12h-4v4.500H3.500Z",
  eye: "M2 10s3-5.500 8-5.500 8 5.500 8 5.500-3 5.500-8 5.500S2 10 2 10Zm8 2.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  inspect: "M8.500 14a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11Zm4-1.500L17 17M6 8.500h5",
  menu: "M3 5.500h14M3 10h14M3 14.500h14",
  warn: "M10 3 2.500 16.500h15L10 3Zm0 5v4m0 2.300v.01",
  info: "M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15ZM10 9v5m0-7.800v.01",
  check: "m4.500 10.500 3.700 3.700L15.500 6",
  cross: "m6 6 8 8M14 6l-8 8",
  clock: "M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15ZM10 6v4.500l2.700 1.700",
  up: "M6 9.500 9.500 3c1.200 0 2 .900 2 2v3h4c.900 0 1.600.900 1.300 1.800l-1.700 5.500c-.200.700-.800 1.200-1.600 1.200H6M3 9.500h3v7H3Z",
  down: "M14 10.500 10.500 17c-1.200 0-2-.900-2-2v-3h-4c-.900 0-1.600-.900-1.300-1.800l1.700-5.500c.200-.700.800-1.200 1.600-1.200H14M17 10.500h-3v-7h3Z",
  trash: "M4 5.500h12M8 5.500V3.500h4v2M5.500 5.500l.700 11h7.600l.700-11",
  dot: "M10 10v.01",
  people: "M7.500 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5 7c0-2.800 2.200-5 5-5s5 2.200 5 5M13 9.500a2.500 2.500 0 1 0 0-5m1 7c2.200.300 3.700 2.300 3.700 5",
  file: "M5 2.500h6.500L15.500 6.500v11H5Zm6.500 0v4h4",
  search: "M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11Zm4-1.500 4 4",
};

export function icon(name, size = 18) {
  return svg(
    "svg",
    { viewBox: "0 0 20 20", width: size, height: size, class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] || ICONS.dot, fill: "none", stroke: "currentColor", "stroke-width": name === "more" ? 2.6 : 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}

let counter = 0;
export function uid(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

export function avatar(person, size = "m") {
  const name = person?.real_name || person?.name || "?";
  const initials = name.split(/\s+/).slice(0, 2).map((part) => part[0] || "").join("").toUpperCase();
  const node = h("span", { class: `avatar avatar-${size}${person?.is_app ? " avatar-app" : ""}`, "aria-hidden": "true" }, initials);
  if (person?.color && /^#[0-9a-f]{3,8}$/i.test(person.color)) node.style.backgroundColor = person.color;
  return node;
}

const FOCUSABLE = "a[href],button:not([disabled]),input:not([disabled]),textarea:not([disabled]),select:not([disabled]),summary,[tabindex='0']";

export function focusables(root) {
  return [...root.querySelectorAll(FOCUSABLE)].filter((node) => node.offsetParent !== null && node.tabIndex >= 0);
}

/** Keep Tab inside `root`. */
export function trapTab(event, root) {
  if (event.key !== "Tab") return;
  const nodes = focusables(root);
  if (!nodes.length) return;
  const first = nodes[0];
  const last = nodes[nodes.length - 1];
  const outside = !root.contains(document.activeElement);
  if (event.shiftKey && (outside || document.activeElement === first)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (outside || document.activeElement === last)) {
    event.preventDefault();
    first.focus();
  }
}

export function toast(text, action) {
  const node = h("div", { class: "toast" }, h("span", {}, text));
  const remove = () => node.remove();
  if (action) node.append(h("button", { type: "button", class: "link", on: { click: () => { remove(); action.run(); } } }, action.label));
  node.append(h("button", { type: "button", class: "icon-button small", "aria-label": "Dismiss notice", on: { click: remove } }, icon("close", 14)));
  document.getElementById("toasts").append(node);
  setTimeout(remove, 9000);
}
