// Direct answers 直接答复: an article of the knowledge base is cited, or the operator says why none fits.
import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { t } from "./language.js";
import { soon } from "./panes.js";
import { toast } from "./toasts.js";

const WAIT_MS = 120;

const form = document.getElementById("answer-form");
const query = document.getElementById("cite-query");
const list = document.getElementById("cite-list");
const line = document.getElementById("cited");
const noneReason = document.getElementById("none-reason");

let call = null;
let cited = null; // {id, version, title, owner, answer}
let found = [];
let at = 0;
let turn = 0;

const keep = () => writeDraft(`cite-${call.id}`, {
  cited, none: form.elements.none.checked, reason: form.elements.no_article_reason.value,
});

function showCited() {
  line.textContent = cited
    ? t("引用：{title}（第 {version} 版，{owner}）", cited)
    : form.elements.none.checked ? t("不引用条目") : line.dataset.none;
  line.classList.toggle("has", Boolean(cited));
  noneReason.hidden = !form.elements.none.checked;
}

function entryOf(article, index) {
  const item = document.createElement("li");
  item.className = "entry";
  item.id = `cite-${article.id}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", String(index === at));
  const title = document.createElement("strong");
  title.textContent = article.title;
  const facts = document.createElement("small");
  facts.textContent = t("{owner} · 第 {version} 版 · 有效至 {until}", { ...article, until: article.expires_on });
  item.append(title, facts);
  if (article.validity === "expiring") {
    const mark = document.createElement("span");
    mark.className = "validity validity-expiring";
    mark.textContent = t("即将到期");
    item.append(mark);
  }
  const words = document.createElement("p");
  words.textContent = article.answer;
  item.append(words);
  item.addEventListener("click", () => cite(article));
  return item;
}

function showFound() {
  list.replaceChildren(...found.map(entryOf));
  if (!found.length) {
    const none = document.createElement("li");
    none.className = "empty";
    none.textContent = query.value.trim() ? t("没有找到有效的条目，换一个词试试。") : t("没有推荐的条目，请输入字词查找。");
    list.append(none);
  }
  const active = found[at] && document.getElementById(`cite-${found[at].id}`);
  if (active) {
    query.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  } else {
    query.removeAttribute("aria-activedescendant");
  }
}

async function look() {
  turn += 1;
  const mine = turn;
  try {
    const q = encodeURIComponent(query.value.trim());
    const answer = await get(`/api/v1/calls/${call.id}/articles?q=${q}`);
    if (mine !== turn) return;
    found = answer.items;
    at = 0;
    showFound();
  } catch (error) {
    if (mine !== turn) return;
    found = [];
    list.replaceChildren();
    const failed = document.createElement("li");
    failed.className = "empty";
    failed.textContent = t("条目没有读到：{why}", { why: error.message });
    list.append(failed);
  }
}

// What was put in by the article cited before makes way; what the operator wrote stays.
function cite(article) {
  const field = form.elements.answer;
  const before = field.value.trim();
  if (!before || (cited && before === cited.answer.trim())) field.value = article.answer;
  else if (!before.includes(article.answer.trim())) field.value = `${before}\n${article.answer}`;
  cited = article;
  form.elements.none.checked = false;
  showCited();
  keep();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

function toggleNone(checked) {
  form.elements.none.checked = checked;
  if (checked) cited = null;
  showCited();
  keep();
  if (checked) form.elements.no_article_reason.focus();
}

const lookSoon = soon(look, WAIT_MS);
if (form) {
  query.addEventListener("input", lookSoon);
  query.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = Math.min(found.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)));
      showFound();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      // Enter in a field would send the form
      event.preventDefault();
      if (found[at]) cite(found[at]);
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.altKey && event.key === "0") {
      event.preventDefault();
      toggleNone(!form.elements.none.checked);
    }
  });
  form.elements.none.addEventListener("change", () => toggleNone(form.elements.none.checked));
  form.elements.no_article_reason.addEventListener("input", keep);
}

function wrong(values) {
  if (!values.answer.trim()) return t("请填写答复内容。");
  if (cited) return null;
  if (!values.none) return t("请引用一个条目，或勾选“无适用条目”并写明理由。");
  return values.no_article_reason.trim() ? null : t("请写明为什么没有适用的条目。");
}

function bodyOf(values) {
  if (cited) return { answer: values.answer, article: { id: cited.id, version: cited.version } };
  return { answer: values.answer, no_article_reason: values.no_article_reason.trim() };
}

// answered: {id}. Gives true once the answer is stored, false when called off. What was typed survives a reload.
export async function answerDirectly(answered) {
  call = answered;
  cited = null;
  found = [];
  list.replaceChildren();
  const given = ask("answer-dialog", {
    about: answered.id, check: wrong, send: (values) => post(`/api/v1/calls/${answered.id}/answer`, bodyOf(values)),
  });
  const kept = readDraft(`cite-${answered.id}`);
  if (kept) {
    cited = kept.cited;
    form.elements.none.checked = kept.none;
    form.elements.no_article_reason.value = kept.reason;
  }
  showCited();
  look();
  if (!cited) query.focus();
  if (!(await given)) return false;
  dropDraft(`cite-${answered.id}`);
  toast(t("已直接答复并办结。"));
  return true;
}
