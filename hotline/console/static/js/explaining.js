// Why a form was refused: each fault by the words that stand over its field, and the focus on the first of them.
import { t } from "./language.js";

const NAMED = /^(\w+)(?:：|: )(?=\S)/;

const words = (element) => Array.from(element.childNodes).filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();

// The control that the service calls `name`, and what a person calls it; null where the form has none.
function fieldOf(form, name) {
  const found = form.elements.namedItem(name);
  if (!found) return null;
  const control = found instanceof RadioNodeList ? found[0] : found;
  const over = found instanceof RadioNodeList ? control.closest("fieldset").querySelector("legend") : control.labels && control.labels[0];
  const [title] = ((over && words(over)) || control.getAttribute("aria-label") || "").split(/[（(]/);
  return title ? { control, title: title.trim() } : null;
}

function faults(error) {
  // other refusals name lines or times, not fields, and say so in their sentence
  if (error.kind === "invalid-request" && error.errors.length) return error.errors.map(({ field, message }) => [field, message]);
  const named = NAMED.exec(error.message);
  return [named ? [named[1], error.message.slice(named[0].length)] : [null, error.message]];
}

function mark(control) {
  control.setAttribute("aria-invalid", "true");
  control.addEventListener("input", () => control.removeAttribute("aria-invalid"), { once: true });
}

// problem: the line of the form where it is told.
export function explain(form, problem, error) {
  const marked = [];
  const told = faults(error).map(([name, why]) => {
    const field = name && fieldOf(form, name.split(".")[0]);
    if (field) marked.push(field.control);
    return name ? `${field ? field.title : name}${t("：")}${why}` : why;
  });
  problem.textContent = told.join(t("；"));
  problem.hidden = false;
  marked.forEach(mark);
  if (marked.length) marked[0].focus();
}
