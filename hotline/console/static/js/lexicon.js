// The lexicon editor: a draft of additions and switched-off words, tried on a sentence and on calls, then published.
import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, dropForm, readDraft, takeUpDraft, writeDraft } from "./drafts.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { showLexiconTrial, showSentence } from "./lexicon_results.js";
import { element, kindName, same, showWords, word } from "./lexicon_words.js";
import { startTabs } from "./tabs.js";
import { showProblem, toast } from "./toasts.js";
import { runTrial } from "./trials.js";

const DRAFT = "lexicon";
const page = document.getElementById("lexicon");
const names = JSON.parse(page.dataset.names);
const tables = JSON.parse(page.dataset.tables);
const words = document.getElementById("words");
const addForm = document.getElementById("add-form");
const addProblem = document.getElementById("add-problem");
const sentenceForm = document.getElementById("sentence-form");
const trialBox = document.getElementById("trial-result");
const state = { entries: [], amendments: [], names };
let inForce = [];
let base = "";
let locked = [];
let busy = false;

const table = () => document.querySelector("#tables input:checked").value;
const panel = (name) => document.getElementById(`tab-${name}`).click();

// what the draft has more (in) and less (out) than what is in force
function changes(draft = state.amendments, now = inForce) {
  const has = (list, one) => list.some((other) => other.off === one.off && same(other, one));
  return { in: draft.filter((one) => !has(now, one)), out: now.filter((one) => !has(draft, one)) };
}

function keep() {
  const { in: more, out: less } = changes();
  if (more.length + less.length) writeDraft(DRAFT, { base, amendments: state.amendments });
  else dropDraft(DRAFT);
  show();
}

function list(box, { in: more, out: less }) {
  box.replaceChildren();
  for (const [title, found] of [[t("增加"), more.filter((one) => !one.off)], [t("停用"), more.filter((one) => one.off)], [t("不再增加"), less.filter((one) => !one.off)], [t("恢复"), less.filter((one) => one.off)]]) {
    if (!found.length) continue;
    const items = element("ul", undefined, "words-list");
    for (const one of found) {
      const item = word(one, one.off ? "off" : "own");
      item.append(element("small", `${tables[one.table][0]} ${kindName(names, one)}`));
      items.append(item);
    }
    box.append(element("h3", `${title}（${found.length}）`), items);
  }
  if (!box.children.length) box.append(element("p", t("与现行版本相同。"), "empty"));
}

function show() {
  const chosen = { table: table(), find: document.getElementById("find").value.trim(), own: document.getElementById("only-own").checked };
  const count = showWords(words, state, chosen, act);
  document.getElementById("counts").textContent = t("{n} 条", { n: count });
  document.getElementById("what").textContent = tables[chosen.table][1] + (locked.includes(chosen.table) ? t("（由配置目录锁定，只能查看）") : "");
  addForm.elements.level.hidden = chosen.table !== "danger";
  addForm.elements.kind.hidden = chosen.table === "words";
  addForm.hidden = locked.includes(chosen.table);
  const found = changes();
  const number = found.in.length + found.out.length;
  document.getElementById("draft-count").textContent = number;
  const line = document.getElementById("draft-state");
  line.textContent = number ? t("草稿有 {n} 处改动，还没有发布", { n: number }) : t("与现行版本相同");
  list(document.getElementById("draft-list"), found);
}

function showKinds() {
  const kinds = Object.entries(names.kinds[table()] || {});
  addForm.elements.kind.replaceChildren(...kinds.map(([code, name]) => new Option(name, code)));
  if (table() === "names") addForm.elements.kind.replaceChildren(...["address", "organisation"].map((code) => new Option(names.kinds.names[code], code)));
}

function act(entry, mark) {
  if (mark === "own") state.amendments = state.amendments.filter((one) => one.off || !same(one, entry));
  else if (mark === "off") state.amendments = state.amendments.filter((one) => !one.off || !same(one, entry));
  else {
    state.amendments = [...state.amendments, { ...entry, off: true }];
    if (entry.table === "danger") toast(t("“{text}”是随产品提供的危险词，发布时要再次确认。", { text: entry.text }), true);
  }
  keep();
}

async function add(event) {
  event.preventDefault();
  const { kind, level, text } = addForm.elements;
  const one = { table: table(), kind: table() === "words" ? "" : kind.value, level: table() === "danger" ? Number(level.value) : 0, text: text.value.trim(), off: false };
  addProblem.hidden = true;
  try {
    const found = await post("/api/v1/lexicon/check", { amendments: [...state.amendments, one] });
    const wrong = found.problems.find((problem) => problem.index === state.amendments.length);
    if (wrong) {
      addProblem.textContent = `${one.text}：${wrong.reason}`;
      addProblem.hidden = false;
      return;
    }
    state.amendments = [...state.amendments, one];
    text.value = "";
    dropForm(addForm);
    keep();
  } catch (error) {
    addProblem.textContent = error.message;
    addProblem.hidden = false;
  }
}

async function trySentence(event) {
  event.preventDefault();
  if (busy) return;
  busy = true;
  const box = document.getElementById("sentence-result");
  try {
    const { text, line } = Object.fromEntries(new FormData(sentenceForm));
    const result = await runTrial("/api/v1/trials/sentence", { amendments: state.amendments, text, line }, box);
    if (result) showSentence(box, result, names);
  } catch (error) {
    box.replaceChildren(element("p", error.message, "problem"));
  } finally {
    busy = false;
  }
}

async function tryCalls() {
  if (busy) return null;
  busy = true;
  panel("trial");
  try {
    const result = await runTrial("/api/v1/trials/lexicon", { amendments: state.amendments, calls: Number(document.getElementById("calls").value) }, trialBox);
    if (result) showLexiconTrial(trialBox, result, names);
    return result;
  } catch (error) {
    trialBox.replaceChildren(element("p", error.message, "problem"));
    return null;
  } finally {
    busy = false;
  }
}

function done(made) {
  dropDraft(DRAFT);
  for (const id of ["publish-dialog", "danger-dialog"]) dropForm(document.querySelector(`#${id} form`));
  toast(t("已发布 {version}，研判进程数秒内改用。", { version: made.version }));
  setTimeout(() => location.reload(), 900);
}

const send = (note, off) => post("/api/v1/lexicon", { amendments: state.amendments, note, base_version: base, danger_off: off });

// the second confirmation: by name, with a reason of its own
async function confirmDanger(note) {
  const off = changes().in.filter((one) => one.off && one.table === "danger");
  document.getElementById("danger-words").replaceChildren(...off.map((one) => word(one, "off")));
  await ask("danger-dialog", {
    check: (values) => {
      if (!values.why.trim()) return t("请写明为什么必须停用。");
      return values.sure ? null : t("请勾选确认，或保留这些词。");
    },
    send: async (values) => done(await send(`${note}（${t("停用危险词")}：${values.why.trim()}）`, off.map((one) => one.text))),
  });
}

async function publish() {
  const found = changes();
  if (!(found.in.length + found.out.length)) {
    toast(t("与现行版本相同，没有要发布的。"), true);
    return;
  }
  const result = await tryCalls();
  if (!result) return;
  const summary = document.getElementById("publish-summary");
  const lead = element("p", undefined, "trial-lead");
  lead.append(element("strong", result.changed), ` / ${result.total} ${t("通的研判会变")}`);
  if (result.counts.danger_lowered) lead.append(" ", element("span", t("{n} 通危险降低", { n: result.counts.danger_lowered }), "tag tag-danger"));
  const box = element("div");
  list(box, found);
  summary.replaceChildren(lead, box);
  let again = null;
  await ask("publish-dialog", {
    check: (values) => (values.note.trim() ? null : t("请写明为什么改。")),
    send: async (values) => {
      try {
        done(await send(values.note, []));
      } catch (error) {
        if (error.kind !== "danger-words-off") throw error;
        again = values.note;
      }
    },
  });
  if (again !== null) await confirmDanger(again);
}

async function showVersion(id) {
  try {
    const found = await get(`/api/v1/lexicon/versions/${id}`);
    document.getElementById("version-title").textContent = t("版本 {version}", { version: found.version });
    document.getElementById("version-note").textContent = found.note || "";
    list(document.getElementById("version-differences"), found.differences);
    list(document.getElementById("version-from-now"), found.from_now);
    const back = document.getElementById("roll-back");
    back.hidden = found.version === base;
    back.onclick = () => {
      document.getElementById("version-dialog").close();
      state.amendments = found.amendments;
      keep();
      panel("draft");
    };
    document.getElementById("version-dialog").showModal();
  } catch (error) {
    showProblem(error);
  }
}

async function read() {
  try {
    const found = await get("/api/v1/lexicon");
    state.entries = found.entries;
    inForce = found.amendments;
    base = found.version;
    locked = found.locked;
    const kept = readDraft(DRAFT);
    state.amendments = kept ? kept.amendments : inForce.slice();
    if (kept && kept.base !== base) toast(t("这里有您的草稿，它是按较早的版本改的；发布前请对照。"), true);
    recovered(words);
    document.getElementById("lexicon-version").textContent = base === "shipped" ? t("随产品提供") : base;
    show();
  } catch (error) {
    failed(words, error.message, read, true);
  }
}

addForm.addEventListener("submit", add);
sentenceForm.addEventListener("submit", trySentence);
sentenceForm.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter") sentenceForm.requestSubmit();
});
document.getElementById("tables").addEventListener("change", () => {
  showKinds();
  show();
});
document.getElementById("find").addEventListener("input", show);
document.getElementById("only-own").addEventListener("change", show);
document.getElementById("try").addEventListener("click", tryCalls);
document.getElementById("publish").addEventListener("click", publish);
document.getElementById("discard").addEventListener("click", () => {
  state.amendments = inForce.slice();
  keep();
});
document.addEventListener("click", (event) => {
  const shown = event.target.closest("[data-show]");
  if (shown) showVersion(shown.dataset.show);
});
onKey("Alt+n", t("到新词"), () => addForm.elements.text.focus(), { inFields: true });
onKey("Alt+s", t("试一句话"), () => {
  document.getElementById("tab-sentence").click();
  sentenceForm.querySelector("textarea").focus();
}, { inFields: true });
onKey("F9", t("试算：最近的来电按草稿会怎样研判"), tryCalls);
onKey("F10", t("试算并发布词库"), publish);
startTabs();
showKinds();
takeUpDraft(addForm);
read();
