// What is typed survives a reload and an ended session: kept for this tab and this person until it is sent.
// data-draft="name" on a form keeps all of its fields, on a field that one; data-undrafted on a part leaves it out.
const PREFIX = "draft-";
const NEVER = ["password", "file", "hidden", "search", "submit", "button", "reset"];

const mine = () => `${PREFIX}${document.body.dataset.userId || ""}-`;
const keyOf = (name) => mine() + name;

const names = new WeakMap(); // of each form that is kept

export const readDraft = (name) => JSON.parse(sessionStorage.getItem(keyOf(name)) || "null");
export const writeDraft = (name, value) => sessionStorage.setItem(keyOf(name), JSON.stringify(value));
export const dropDraft = (name) => sessionStorage.removeItem(keyOf(name));

// Somebody else works in this tab now: what another person typed here is nobody's business.
export function dropOthersDrafts() {
  if (!document.body.dataset.userId) return;
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX) && !key.startsWith(mine())) sessionStorage.removeItem(key);
}

const keeps = (field) => field.name && !NEVER.includes(field.type) && field.autocomplete !== "one-time-code"
  && field.dataset.draft === undefined && !field.closest("[data-undrafted]");
const called = (form, name) => [...form.elements].filter((field) => field.name === name && keeps(field));

function valueOf(fields) {
  const [first] = fields;
  if (first.type === "checkbox") return fields.filter((field) => field.checked).map((field) => field.value);
  if (first.type === "radio") return fields.filter((field) => field.checked).map((field) => field.value);
  if (first.multiple) return [...first.selectedOptions].map((option) => option.value);
  return first.value;
}

// Gives true where the field now holds something else; what is not offered any more stays as it was.
function put(field, value) {
  const before = JSON.stringify(valueOf([field]));
  if (field.type === "radio") {
    if (!field.disabled && value.includes(field.value)) field.checked = true;
  } else if (field.type === "checkbox") {
    if (!field.disabled) field.checked = value.includes(field.value);
  } else if (field.multiple) {
    for (const option of field.options) option.selected = value.includes(option.value);
  } else if (!field.options || [...field.options].some((option) => option.value === value)) {
    if (!field.readOnly) field.value = value;
  }
  return JSON.stringify(valueOf([field])) !== before;
}

// Only what a person touched is kept: the rest of the form stays as the service fills it.
function touched({ currentTarget: form, target }) {
  if (!names.has(form) || target.form !== form || !keeps(target)) return;
  const name = names.get(form);
  writeDraft(name, { ...readDraft(name), [target.name]: valueOf(called(form, target.name)) });
}

// Puts what was kept for a form back into it; its parts that depend on a choice follow the choice.
export function takeUpDraft(form) {
  const kept = readDraft(names.get(form));
  if (!kept) return;
  for (const field of [...form.elements]) {
    if (keeps(field) && kept[field.name] !== undefined && put(field, kept[field.name]) && field.matches("select, [type=checkbox], [type=radio]:checked")) {
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  form.dispatchEvent(new CustomEvent("taken-up"));
}

// about: which of the things that the form is for, where it is shown for more than one.
export function keepForm(form, about = "") {
  const name = about === "" ? form.dataset.draft : `${form.dataset.draft}-${about}`;
  names.set(form, name);
  form.addEventListener("input", touched);
  form.addEventListener("change", touched);
  takeUpDraft(form);
}

// Sent, or given up: nothing of it is left.
export function dropForm(form) {
  if (names.has(form)) dropDraft(names.get(form));
}

function keepField(field) {
  const name = field.dataset.draft;
  const kept = readDraft(name);
  if (kept !== null && !field.readOnly) field.value = kept;
  field.addEventListener("input", () => writeDraft(name, field.value));
}

// All that is shown in `root`; dialogs keep theirs when they open (dialogs.js).
export function keepDrafts(root = document) {
  for (const part of root.querySelectorAll("[data-draft]")) {
    if (!part.matches("form")) keepField(part);
    else if (!part.closest("dialog")) keepForm(part);
  }
}
