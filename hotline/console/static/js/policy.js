// The policy editor: checked as one types, rules in order beside the text, a dry run before each publication.
import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { showDifferences } from "./differences.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { startLineNumbers } from "./line_numbers.js";
import { showTrial, lead } from "./policy_trial.js";
import { startTabs } from "./tabs.js";
import { showProblem, toast } from "./toasts.js";
import { runTrial } from "./trials.js";

const CHECK_MS = 350;
const BASE = "policy-base";
const form = document.getElementById("policy-form");
const text = document.getElementById("policy-text");
const lines = startLineNumbers(text, document.getElementById("line-numbers"));
const problems = document.getElementById("policy-problems");
const state = document.getElementById("check-state");
const trialPanel = document.getElementById("panel-trial");
const discard = document.getElementById("discard");
const inForce = text.defaultValue;
let version = form.dataset.version;
let checking = 0;
let timer = null;
let trying = false;

function element(tag, said, kind) {
  const made = document.createElement(tag);
  if (said !== undefined) made.textContent = said;
  if (kind) made.className = kind;
  return made;
}

function entry(one) {
  const item = element("li");
  item.dataset.line = one.line || "";
  const name = element("button", undefined, "outline-name");
  name.type = "button";
  name.disabled = !one.line;
  name.append(element("strong", one.name, "mono"), " ", element("small", one.line ? t("第 {n} 行", { n: one.line }) : t("预设")));
  const when = element("p", one.when.join("；"), "outline-when");
  if (one.unless.length) when.append(" ", element("em", `${t("除非")} ${one.unless.join("；")}`));
  item.append(name, when, element("p", one.then.join(" · "), "outline-then"));
  return item;
}

function showOutline(outline) {
  document.getElementById("outline-rules").replaceChildren(...outline.rules.map(entry));
  document.getElementById("outline-adjustments").replaceChildren(...outline.adjustments.map(entry));
  atCursor();
}

// the rule in which one types stands out beside the text
function atCursor() {
  const line = text.value.slice(0, text.selectionStart).split("\n").length;
  let here = null;
  for (const item of document.querySelectorAll(".outline li")) {
    item.classList.remove("at-cursor");
    if (item.dataset.line && Number(item.dataset.line) <= line && (!here || Number(item.dataset.line) > Number(here.dataset.line))) here = item;
  }
  if (here && document.activeElement === text) here.classList.add("at-cursor");
}

function showProblems(found) {
  problems.hidden = !found.length;
  const list = element("ol");
  for (const one of found) {
    const item = element("li");
    if (one.source === "policy.toml") {
      const jump = element("button", t("第 {n} 行", { n: one.line }), "secondary small");
      jump.type = "button";
      jump.addEventListener("click", () => lines.goTo(one.line));
      item.append(jump, " ");
    } else item.append(`${one.source}:${one.line} `);
    item.append(element("strong", one.key, "mono"), `：${one.reason}`);
    list.append(item);
  }
  problems.replaceChildren(list);
}

// -> what the check found; the newest check wins
async function check(compare = false) {
  const turn = (checking += 1);
  state.dataset.state = "none";
  state.textContent = t("校验中…");
  try {
    const found = await post("/api/v1/policy/check", { text: text.value, compare });
    if (turn !== checking) return found;
    showProblems(found.problems);
    const changed = found.version !== version;
    state.dataset.state = found.problems.length ? "bad" : "good";
    state.textContent = found.problems.length ? t("{n} 处要改", { n: found.problems.length }) : changed ? t("可以发布：{version}", { version: found.version }) : t("与现行版本相同");
    if (found.outline) showOutline(found.outline);
    if (discard) discard.hidden = text.value === inForce;
    return found;
  } catch (error) {
    state.dataset.state = "bad";
    state.textContent = error.message;
    return null;
  }
}

function panel(name) {
  document.getElementById(`tab-${name}`).click();
}

async function tryOut() {
  if (trying) return null;
  const found = await check();
  if (!found || found.problems.length) {
    toast(t("请先改正标出的问题，再试算。"), true);
    return null;
  }
  trying = true;
  panel("trial");
  try {
    const result = await runTrial("/api/v1/trials/policy", { text: text.value, calls: Number(form.elements.calls.value) }, trialPanel);
    if (result) showTrial(trialPanel, result);
    return result;
  } catch (error) {
    trialPanel.replaceChildren(element("p", error.message, "problem"));
    return null;
  } finally {
    trying = false;
  }
}

async function publish() {
  const found = await check(true);
  if (!found || found.problems.length) {
    toast(t("请先改正标出的问题，再发布。"), true);
    return;
  }
  if (found.version === version) {
    toast(t("与现行版本相同，没有要发布的。"), true);
    return;
  }
  const result = await tryOut();
  if (!result) return;
  const said = document.getElementById("publish-trial");
  said.replaceChildren(lead(result));
  showDifferences(document.getElementById("publish-differences"), found.differences);
  document.getElementById("publish-danger").hidden = !result.danger_changed;
  const base = readDraft(BASE) || version;
  await ask("publish-dialog", {
    check: (values) => {
      if (!values.note.trim()) return t("请写明为什么改。");
      return result.danger_changed && !values.danger ? t("有危险的来电会有不同处理：请先看试算里排在最前的几通，再勾选确认。") : null;
    },
    send: async (values) => {
      const made = await post("/api/v1/policy", { text: text.value, note: values.note, base_version: base });
      version = made.version;
      dropDraft("policy");
      dropDraft(BASE);
      toast(t("已发布 {version}。", { version }));
      setTimeout(() => location.reload(), 900);
    },
  });
}

async function showVersion(id) {
  try {
    const found = await get(`/api/v1/policy/versions/${id}`);
    document.getElementById("version-title").textContent = t("版本 {version}", { version: found.version });
    document.getElementById("version-note").textContent = found.note || "";
    showDifferences(document.getElementById("version-differences"), found.differences);
    showDifferences(document.getElementById("version-from-now"), found.from_now);
    const back = document.getElementById("roll-back");
    if (back) {
      back.hidden = !found.from_now.length;
      back.onclick = () => {
        document.getElementById("version-dialog").close();
        text.value = found.text;
        text.dispatchEvent(new Event("input"));
        toast(t("已取来 {version} 作草稿；按 Ctrl+Enter 试算并发布。", { version: found.version }));
        text.focus();
      };
    }
    document.getElementById("version-dialog").showModal();
  } catch (error) {
    showProblem(error);
  }
}

text.addEventListener("input", () => {
  lines.number();
  if (text.value !== inForce && !readDraft(BASE)) writeDraft(BASE, version);
  clearTimeout(timer);
  timer = setTimeout(() => check(), CHECK_MS);
});
document.addEventListener("selectionchange", () => { if (document.activeElement === text) atCursor(); });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  publish();
});
document.addEventListener("click", (event) => {
  const name = event.target.closest(".outline-name");
  if (name) lines.goTo(Number(name.closest("li").dataset.line));
  const shown = event.target.closest("[data-show]");
  if (shown) showVersion(shown.dataset.show);
});
if (!text.readOnly) {
  document.getElementById("try").addEventListener("click", tryOut);
  discard.addEventListener("click", () => {
    text.value = inForce;
    dropDraft("policy");
    dropDraft(BASE);
    lines.number();
    check();
  });
  onKey("F9", t("试算：最近的来电按这份草稿会去哪里"), tryOut);
  onKey("Ctrl+Enter", t("校验、试算并发布"), publish, { inFields: true });
}
startTabs();
if (text.value !== inForce) {
  if (readDraft(BASE) !== version) toast(t("这里有您的草稿，它是按较早的版本改的；发布前请对照。"), true);
  check();
}
