// The knowledge base: search as you type, read an article and its versions, write and publish.
import { post, put } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { fill, soon } from "./panes.js";
import { bar, streamed } from "./streaming.js";
import { showProblem, toast } from "./toasts.js";

const TYPING_MS = 120;
const find = document.getElementById("article-find");
const list = document.getElementById("article-list");
const pane = document.getElementById("article");
const FIELDS = ["title", "topic", "org_id", "expires_on", "answer", "body", "change_note"];

let chosen = null;
let busy = false;

const entries = () => Array.from(list.querySelectorAll("[data-article-id]"));
const sheet = () => pane.querySelector(".article-sheet");
const form = () => document.getElementById("article-form");
const keptKey = (id) => `article-${id || "new"}`;

function markChosen() {
  for (const entry of entries()) entry.setAttribute("aria-selected", String(entry.dataset.articleId === chosen));
  const entry = chosen && document.getElementById(`article-${chosen}`);
  if (entry) {
    list.setAttribute("aria-activedescendant", entry.id);
    entry.scrollIntoView({ block: "nearest" });
  } else {
    list.removeAttribute("aria-activedescendant");
  }
}

function listPath() {
  const query = new URLSearchParams(new FormData(find));
  for (const name of ["q", "topic", "org_id"]) if (!query.get(name)) query.delete(name);
  return `/knowledge/list?${query}`;
}

async function readList({ first = false } = {}) {
  await fill(list, listPath());
  if (first && entries().length && !form()) await choose(entries()[0].dataset.articleId);
  else markChosen();
}

async function choose(id, version = null) {
  if (form() && !leaveForm()) return;
  chosen = String(id);
  history.replaceState(null, "", `#${chosen}`);
  markChosen();
  await readArticle(version);
}

async function readArticle(version = null) {
  if (!chosen || form()) return;
  const query = version === "draft" ? "?draft=yes" : version ? `?version=${version}` : "";
  await fill(pane, `/knowledge/articles/${chosen}${query}`);
}

function step(by) {
  const all = entries();
  if (!all.length) return;
  const at = all.findIndex((entry) => entry.dataset.articleId === chosen);
  choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))].dataset.articleId);
}

// ---- writing

const valuesOf = () => {
  const values = Object.fromEntries(FIELDS.map((name) => [name, form().elements[name].value]));
  return { ...values, org_id: Number(values.org_id), revision: Number(form().dataset.revision) || null };
};

function keep() {
  const { revision, ...values } = valuesOf();
  writeDraft(keptKey(form().dataset.articleId), values);
  document.getElementById("article-save-state").textContent = t("未保存");
}

function restore() {
  const kept = readDraft(keptKey(form().dataset.articleId));
  if (!kept) return;
  for (const name of FIELDS) form().elements[name].value = kept[name];
  document.getElementById("restored").hidden = false;
}

// What is not saved stays for this tab: the editor finds it again.
function leaveForm() {
  if (busy) return false;
  form().remove();
  pane.shownPath = null;
  return true;
}

async function write(id) {
  if (form()) return;
  await fill(pane, id ? `/knowledge/articles/${id}/edit` : "/knowledge/new");
  if (!form()) return;
  restore();
  form().addEventListener("input", keep);
  form().addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  form().elements[id ? "answer" : "title"].focus();
}

function said(text) {
  const line = form().querySelector(".problem");
  line.textContent = text || "";
  line.hidden = !text;
}

// then: null keeps writing, "propose" and "publish" end it.
async function save(then = null) {
  const shown = form();
  if (!shown || busy) return;
  if (!shown.reportValidity()) return;
  busy = true;
  said("");
  const state = document.getElementById("article-save-state");
  state.textContent = t("保存中…");
  const { revision, ...values } = valuesOf();
  let id = shown.dataset.articleId;
  const before = keptKey(id);
  try {
    const body = { ...values, propose: then === "propose" };
    const saved = id ? await put(`/api/v1/articles/${id}/draft`, { ...body, revision }) : await post("/api/v1/articles", body);
    id = String(saved.id);
    shown.dataset.articleId = id;
    shown.dataset.revision = String(saved.revision);
    if (then === "publish") await post(`/api/v1/articles/${id}/publish`, { revision: saved.revision });
    dropDraft(before);
    state.textContent = t("已保存");
  } catch (error) {
    state.textContent = "";
    said(error.message);
    return;
  } finally {
    busy = false;
  }
  if (!then) return;
  toast(then === "publish" ? t("已发布。") : t("已提交审核。"));
  leaveForm();
  chosen = id;
  await Promise.all([readArticle(then === "propose" ? "draft" : null), readList()]);
  list.focus();
}

function cancel() {
  if (!form() || !leaveForm()) return;
  if (chosen) readArticle();
  else step(0);
  list.focus();
}

// ---- what a manager does with an article

async function act(path, body, done) {
  if (busy) return;
  busy = true;
  try {
    await post(path, body);
    toast(done);
  } catch (error) {
    showProblem(error);
  } finally {
    busy = false;
  }
  await Promise.all([readArticle(), readList()]);
}

const ACTS = {
  edit: () => sheet() && sheet().dataset.mayWrite === "yes" && write(chosen),
  new: () => write(null),
  cancel,
  "save-publish": () => save("publish"),
  "save-propose": () => save("propose"),
  publish: () => sheet() && sheet().querySelector('[data-do="publish"]')
    && act(`/api/v1/articles/${chosen}/publish`, { revision: Number(sheet().dataset.revision) }, t("已发布。")),
  discard: () => act(`/api/v1/articles/${chosen}/discard`, { revision: Number(sheet().dataset.revision) }, t("草稿已删除。")),
  async return() {
    const path = `/api/v1/articles/${chosen}/return`;
    const given = await ask("return-draft-dialog", {
      about: chosen,
      check: (values) => (values.reason.trim() ? null : t("请写明退回的理由。")),
      send: (values) => post(path, { reason: values.reason.trim() }),
    });
    if (given) await Promise.all([readArticle(), readList()]);
  },
  async withdraw() {
    const path = `/api/v1/articles/${chosen}/withdraw`;
    if (await ask("withdraw-dialog", { send: () => post(path) })) await Promise.all([readArticle(), readList()]);
  },
  import: importFile,
};

function rejectedTable(rows) {
  const table = document.createElement("table");
  table.className = "dense";
  for (const row of rows) {
    const line = table.insertRow();
    for (const text of [t("第 {n} 行", { n: row.row }), row.field, row.reason]) line.insertCell().textContent = text;
  }
  return table;
}

async function importFile() {
  const result = document.getElementById("import-result");
  result.replaceChildren();
  await ask("import-dialog", {
    check: (values) => (values.file && values.file.size ? null : t("请选择文件。")),
    async send(values) {
      const box = document.createElement("div");
      result.replaceChildren(box);
      const told = bar(box, (now) => t("已导入 {done} / {total}", now));
      let done;
      try {
        done = await streamed("POST", "/api/v1/articles/import", values.file, told);
      } catch (error) {
        result.replaceChildren();
        throw error;
      }
      const line = document.createElement("p");
      line.textContent = t("新增 {added} 条，更新 {updated} 条，未变 {unchanged} 条，未导入 {rejected} 行。", { ...done, rejected: done.rejected.length });
      result.replaceChildren(line);
      readList();
      if (!done.rejected.length) {
        toast(line.textContent);
        return;
      }
      result.append(rejectedTable(done.rejected));
      throw new Error(t("有 {n} 行没有导入，请改正后再导入这些行。", { n: done.rejected.length }));
    },
  });
}

// ---- keys, clicks, live

const lookSoon = soon(() => readList({ first: true }), TYPING_MS);
find.addEventListener("input", lookSoon);
find.addEventListener("submit", (event) => {
  event.preventDefault();
  list.focus();
});
find.elements.q.addEventListener("keydown", (event) => {
  if (event.isComposing || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  step(event.key === "ArrowDown" ? 1 : -1);
});
list.addEventListener("click", (event) => {
  const entry = event.target.closest("[data-article-id]");
  if (entry) choose(entry.dataset.articleId);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do], button[data-version]");
  if (!button) return;
  if (button.dataset.version) readArticle(button.dataset.version);
  else ACTS[button.dataset.do]();
});

onKey("/", t("查找条目"), () => find.elements.q.select());
onKey(["ArrowDown", "j"], t("下一条"), () => step(1), { repeats: true });
onKey(["ArrowUp", "k"], t("上一条"), () => step(-1), { repeats: true });
onKey("Enter", t("到条目内容"), () => pane.focus(), { when: () => !form() });
if (document.querySelector('[data-do="new"]')) {
  onKey("e", t("修改条目"), () => ACTS.edit());
  onKey("n", t("新增条目"), () => ACTS.new());
  onKey("p", t("发布草稿"), () => ACTS.publish());
  onKey("Ctrl+s", t("保存草稿"), () => save(), { inFields: true, when: form });
  onKey("Ctrl+Enter", t("发布或提交审核"), () => save(form().querySelector('[data-do="save-publish"]') ? "publish" : "propose"), { inFields: true, when: form });
  onKey("Escape", t("不再修改"), cancel, { inFields: true, when: form });
}
onKey("d", t("展开与上一版的差异"), () => {
  const changes = pane.querySelector(".article-changes");
  if (changes) changes.open = !changes.open;
});

const listSoon = soon(() => readList());
onEvent((kind, event) => {
  if (kind !== "knowledge_changed") return;
  listSoon();
  if (String(event.article_id) === chosen) readArticle();
});
onOpen(listSoon);

const wanted = location.hash.slice(1);
if (/^\d+$/.test(wanted)) choose(wanted, new URLSearchParams(location.search).get("version"));
else if (entries().length) choose(entries()[0].dataset.articleId);
list.focus();
