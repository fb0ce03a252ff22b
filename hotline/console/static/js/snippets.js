// Pieces of law at hand: found while typing, put into the notes at the cursor, written and improved by the lawyers.
import { get, post, put, request } from "./api.js";
import { workForm } from "./desk_hand.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const TYPED_MS = 80;

const dialog = document.getElementById("snippet-dialog");
const finding = document.getElementById("snippet-finding");
const words = document.getElementById("snippet-words");
const list = document.getElementById("snippet-list");
const form = document.getElementById("snippet-form");
const history = document.getElementById("snippet-history");

let found = []; // what the list shows: {id, title, citation, body, ...}
let chosen = 0;
let editing = null; // {id, version, own} or null for a new one
let asked = 0;
let timer = null;
let target = null; // the field to put text into
let place = [0, 0]; // its selection when the panel opened: a modal's focus coming back moves the caret

function problem(part, text) {
  const line = part.querySelector(".problem");
  line.textContent = text || "";
  line.hidden = !text;
}

// ---- finding

function optionOf(entry, index) {
  const item = document.createElement("li");
  item.id = `snippet-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", String(index === chosen));
  const head = document.createElement("strong");
  head.textContent = entry.title;
  item.append(head);
  if (entry.citation && entry.citation !== entry.title) {
    const cited = document.createElement("span");
    cited.className = "cited";
    cited.textContent = entry.citation;
    item.append(" ", cited);
  }
  if (entry.id !== null) {
    const tag = document.createElement("span");
    tag.className = entry.shared ? "tag" : "tag tag-plain";
    tag.textContent = entry.shared ? t("共享") : t("个人");
    item.append(" ", tag);
    const body = document.createElement("p");
    body.textContent = entry.body;
    item.append(body);
  }
  item.addEventListener("click", () => {
    chosen = index;
    insert();
  });
  return item;
}

function show() {
  chosen = Math.max(0, Math.min(chosen, found.length - 1));
  list.replaceChildren(...found.map(optionOf));
  if (!found.length) {
    const none = document.createElement("li");
    none.className = "empty";
    none.textContent = words.value.trim() ? t("没有找到。Alt+N 可以写一条。") : t("还没有条目。Alt+N 写第一条。");
    list.append(none);
    words.removeAttribute("aria-activedescendant");
    return;
  }
  words.setAttribute("aria-activedescendant", `snippet-${chosen}`);
  list.children[chosen].scrollIntoView({ block: "nearest" });
}

async function find() {
  asked += 1;
  const turn = asked;
  try {
    const answer = await get(`/api/v1/snippets?q=${encodeURIComponent(words.value.trim())}`);
    if (turn !== asked) return;
    problem(finding, "");
    const cited = answer.citation && !answer.items.some((item) => item.citation === answer.citation)
      ? [{ id: null, title: answer.citation, citation: answer.citation, body: "" }] : [];
    found = [...cited, ...answer.items];
    chosen = 0;
    show();
  } catch (error) {
    if (turn === asked) problem(finding, error.message);
  }
}

function move(step) {
  if (!found.length) return;
  chosen = (chosen + step + found.length) % found.length;
  show();
}

function insert(citationOnly = false) {
  const entry = found[chosen];
  if (!entry || !target || !target.isConnected) return;
  let text = entry.citation || entry.body;
  if (!citationOnly && entry.body) text = entry.citation ? `${entry.citation}：${entry.body}` : entry.body;
  dialog.close();
  target.focus();
  target.setRangeText(text, place[0], place[1], "end");
  place = [target.selectionStart, target.selectionStart];
  target.dispatchEvent(new Event("input", { bubbles: true }));
}

// ---- writing

const draftName = () => `snippet-${editing ? editing.id : "new"}`;

function edit(entry) {
  editing = entry ? { id: entry.id, version: entry.version, own: entry.own } : null;
  const values = readDraft(draftName()) || entry || { title: words.value.trim(), citation: "", body: "", shared: false };
  for (const name of ["title", "citation", "body"]) form.elements[name].value = values[name] || "";
  form.elements.shared.checked = Boolean(values.shared);
  form.querySelector('[data-snippet="remove"]').hidden = !entry || !entry.own;
  history.textContent = entry ? t("作者 {owner}，{name} 最近修改", { owner: entry.owner, name: entry.changed_by }) : "";
  problem(form, "");
  finding.hidden = true;
  form.hidden = false;
  form.elements.title.focus();
}

function back() {
  form.hidden = true;
  finding.hidden = false;
  words.focus();
}

function values() {
  const { title, citation, body, shared } = form.elements;
  return { title: title.value, citation: citation.value.trim() || null, body: body.value, shared: shared.checked };
}

async function save() {
  try {
    if (editing) await put(`/api/v1/snippets/${editing.id}`, { ...values(), version: editing.version });
    else await post("/api/v1/snippets", values());
  } catch (error) {
    problem(form, error.message);
    if (error.kind === "snippet-changed") await showTheirs();
    return;
  }
  dropDraft(draftName());
  toast(t("速查条目已保存。"));
  back();
  find();
}

// What somebody else made of it meanwhile stands beside; saving again takes mine.
async function showTheirs() {
  const answer = await get(`/api/v1/snippets?q=${encodeURIComponent(words.value.trim())}`);
  const theirs = answer.items.find((item) => item.id === editing.id);
  if (!theirs) return;
  editing.version = theirs.version;
  history.textContent = t("{name} 改成了：{body}（再按保存，以您的为准）", { name: theirs.changed_by, body: theirs.body });
}

async function remove() {
  try {
    await request("DELETE", `/api/v1/snippets/${editing.id}`);
    dropDraft(draftName());
    toast(t("已删除。"));
    back();
    find();
  } catch (error) {
    problem(form, error.message);
  }
}

// ---- wiring

export function openSnippets() {
  const work = workForm();
  if (!work || dialog.open) return;
  target = document.activeElement === work.elements.summary ? work.elements.summary : work.elements.notes;
  place = [target.selectionStart, target.selectionEnd];
  dialog.showModal();
  back();
  words.select();
  find();
}

function pressed(event) {
  const entry = found[chosen];
  const key = (event.altKey ? "Alt+" : event.ctrlKey ? "Ctrl+" : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (event.isComposing) return;
  const steps = form.hidden ? {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => insert(),
    "Alt+c": () => insert(true),
    "Alt+n": () => edit(null),
    "Alt+e": () => entry && entry.id !== null && edit(entry),
  } : { "Ctrl+Enter": () => form.requestSubmit() };
  if (!steps[key] || (key === "Enter" && event.target !== words)) return;
  event.preventDefault();
  event.stopPropagation();
  steps[key]();
}

export function startSnippets() {
  words.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, TYPED_MS);
  });
  dialog.addEventListener("keydown", pressed);
  dialog.addEventListener("cancel", (event) => {
    if (form.hidden) return;
    event.preventDefault();
    back();
  });
  dialog.addEventListener("close", () => {
    if (!target || !target.isConnected) return;
    target.focus();
    target.setSelectionRange(...place);
  });
  dialog.addEventListener("click", (event) => {
    const { snippet } = event.target.dataset;
    if (snippet === "new") edit(null);
    else if (snippet === "back") back();
    else if (snippet === "remove") remove();
  });
  form.addEventListener("input", () => writeDraft(draftName(), values()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  onKey("Alt+k", t("法条速查，插入到光标处"), openSnippets, { inFields: true });
}
