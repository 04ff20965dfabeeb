// Small changes to the page: a text that stays the same is not touched, an element that stays is not made anew.

export const byId = (id) => document.getElementById(id);

// Control characters and those that turn the direction of writing would let a name pose as something else.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function plain(text) {
  return String(text ?? "").replace(UNSEEN, "\u00b7");
}

export function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function setText(node, text) {
  const words = plain(text);
  if (node.firstChild === null) {
    if (words) node.append(words);
  } else if (node.firstChild.nodeValue !== words) {
    node.firstChild.nodeValue = words;
  }
}

export function setAttribute(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

const kept = new WeakMap();

// The children of `parent`, one for each item in this order: known ones are updated and moved, others made or removed.
export function keyed(parent, items, keyOf, create, update) {
  const known = kept.get(parent) ?? new Map();
  kept.set(parent, known);
  const wanted = new Set(items.map(keyOf));
  for (const [key, node] of known) {
    if (!wanted.has(key)) {
      node.root.remove();
      known.delete(key);
    }
  }
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    if (!known.has(key)) known.set(key, create(item));
    const node = known.get(key);
    update(node, item);
    if (node.root === place) place = place.nextSibling;
    else parent.insertBefore(node.root, place);
  }
}
