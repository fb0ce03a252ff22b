// Keys of a page: registered with a description that the help on ? shows.
import { t } from "./language.js";

const bindings = [];

// options: dialog (the key counts only in that dialog), inFields, when, repeats, last (a page's own key goes first).
// name: "Enter", "F2", "Ctrl+Enter", "Alt+1", a letter in lower case, " " for space.
export function onKey(name, description, action, options = {}) {
  bindings.push({ names: [].concat(name), description, action, options });
}

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + key;
}

function isField(element) {
  return element instanceof HTMLElement && element.matches("input, textarea, select, [contenteditable=true]");
}

// A button, link or summary that has the focus takes Enter and space for itself.
function takesKey(element, name) {
  return (name === "Enter" || name === " ") && element instanceof HTMLElement && element.matches("button, a, summary");
}

function inOrder() {
  return [...bindings.filter(({ options }) => !options.last), ...bindings.filter(({ options }) => options.last)];
}

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const name = nameOf(event);
    const dialog = document.querySelector("dialog[open]");
    for (const binding of inOrder()) {
      const { names, action, options } = binding;
      if (!names.includes(name)) continue;
      if (options.dialog ? !dialog || dialog.id !== options.dialog : dialog) continue;
      if (isField(event.target) && !options.inFields && !/^F\d/.test(name)) continue;
      if (takesKey(event.target, name) && !options.inFields) continue;
      if (options.when && !options.when()) continue;
      event.preventDefault();
      if (!event.repeat || options.repeats) action(event);
      return;
    }
  });
}

const WORDS = { " ": t("空格"), ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

function keyWords(name) {
  return name.split("+").map((part) => WORDS[part] || (part.length === 1 ? part.toUpperCase() : part)).join("+");
}

// Every key of this page with what it does; what cannot be done here just now stands there too, since it can be later.
export function showHelp() {
  const list = document.getElementById("help-keys");
  list.replaceChildren();
  const taken = new Set();
  for (const { names, description, options } of inOrder()) {
    const own = names.filter((name) => !taken.has(name));
    if (!options.dialog) names.forEach((name) => taken.add(name));
    if (!description || !own.length) continue;
    const term = document.createElement("dt");
    // Alt+1 … Alt+6
    const shown = own.length > 3 ? [own[0], own[own.length - 1]] : own;
    shown.forEach((name, index) => {
      if (index) term.append(own.length > 3 ? " … " : " / ");
      const key = document.createElement("kbd");
      key.textContent = keyWords(name);
      term.append(key);
    });
    const words = document.createElement("dd");
    words.textContent = description;
    const row = document.createElement("div");
    row.append(term, words);
    list.append(row);
  }
  const dialog = document.getElementById("help-dialog");
  if (!dialog.open) dialog.showModal();
}
