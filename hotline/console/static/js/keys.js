// Keys of a page: registered with a description that the help on ? shows.
const bindings = [];

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

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const name = nameOf(event);
    const dialog = document.querySelector("dialog[open]");
    for (const binding of bindings) {
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

const WORDS = { " ": "空格", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

export function showHelp() {
  const list = document.getElementById("help-keys");
  list.replaceChildren();
  for (const { names, description } of bindings) {
    if (!description) continue;
    const term = document.createElement("dt");
    names.forEach((name, index) => {
      if (index) term.append(" / ");
      const key = document.createElement("kbd");
      key.textContent = name.split("+").map((part) => WORDS[part] || (part.length === 1 ? part.toUpperCase() : part)).join("+");
      term.append(key);
    });
    const words = document.createElement("dd");
    words.textContent = description;
    list.append(term, words);
  }
  const dialog = document.getElementById("help-dialog");
  if (!dialog.open) dialog.showModal();
}
