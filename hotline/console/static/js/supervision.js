// The review queue: one call at a time, judged by two keys, the next by itself.
import { post, get } from "./api.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onOpen } from "./live.js";
import { fill } from "./panes.js";
import { showProblem, toast } from "./toasts.js";
import { startTopics } from "./topics.js";

const KEEP_MS = 60000;
const piles = document.getElementById("piles");
const callPane = document.getElementById("review");
const verdictPane = document.getElementById("verdict");
const undoButton = document.getElementById("undo");

let reason = new URLSearchParams(location.search).get("pile") || "";
let open = null; // {review_id, ...} in hand and on the screen: no key acts on what is not seen yet
let head = "";
let undoable = null;
let busy = false;
let turn = 0; // the newest of next and undo decides what is shown

const form = () => open && document.getElementById("verdict-form");
const key = () => `verdict-${open.review_id}`;

function said() {
  return (open && readDraft(key())) || {};
}

// What differs from the machine's reading; kept for this tab, so a reload loses nothing.
function say(name, value) {
  const { dataset } = form();
  const next = said();
  if (String(dataset[name]) === String(value)) delete next[name];
  else next[name] = value;
  if (Object.keys(next).length) writeDraft(key(), next);
  else dropDraft(key());
  showVerdict();
}

function showVerdict() {
  const box = form();
  if (!box) return;
  const chosen = { route: box.dataset.route, topic: box.dataset.topic, danger: box.dataset.danger, ...said() };
  for (const button of box.querySelectorAll("button.value")) {
    const name = button.closest("fieldset").dataset.head;
    const on = String(chosen[name]) === button.dataset.value;
    button.setAttribute("aria-pressed", String(on));
    button.classList.toggle("secondary", !on);
    button.classList.toggle("corrected", on && String(box.dataset[name]) !== button.dataset.value);
  }
  const topic = box.querySelector(`#topic-list [data-value="${CSS.escape(chosen.topic)}"]`);
  box.querySelector("#topic-name").textContent = topic ? topic.dataset.name : "—";
  box.querySelector("#topic-name").classList.toggle("corrected", String(chosen.topic) !== box.dataset.topic);
  const changes = Object.keys(said()).length;
  const decide = box.querySelector("#decide");
  decide.querySelector(".target").textContent = changes ? decide.dataset.correct : decide.dataset.agree;
  box.querySelector("#reset").hidden = !changes;
}

function chooseHead(name) {
  if (!form()) return;
  head = head === name ? "" : name;
  for (const part of form().querySelectorAll("[data-head]")) part.classList.toggle("chosen-head", part.dataset.head === head);
  if (name === "topic" && head) topics.open();
}

function digit(number) {
  const box = form();
  if (!box) return;
  const name = head || "route";
  if (name === "topic") return;
  const buttons = [...box.querySelectorAll(`[data-head="${name}"] button.value`)];
  const button = name === "danger" ? buttons.find((each) => each.dataset.value === String(number)) : buttons[number - 1];
  if (!button) return;
  value(name, button.dataset.value);
}

function value(name, chosen) {
  say(name, name === "danger" ? Number(chosen) : chosen);
  head = "";
  for (const part of form().querySelectorAll("[data-head]")) part.classList.remove("chosen-head");
}

const topics = startTopics(() => form(), (code) => value("topic", code), () => { if (head === "topic") chooseHead("topic"); });

async function counts() {
  const state = await get("/api/v1/supervision/queue");
  for (const element of piles.querySelectorAll("[data-waiting]")) {
    const name = element.dataset.waiting;
    element.textContent = name ? state.waiting[name] || 0 : state.total;
  }
  document.getElementById("judged-today").textContent = state.judged_today;
  undoable = state.undo;
  undoButton.disabled = !undoable;
}

function nothing(title, text) {
  open = null;
  verdictPane.replaceChildren();
  const box = document.createElement("div");
  box.className = "blank blank-empty";
  const strong = document.createElement("strong");
  strong.textContent = title;
  const line = document.createElement("p");
  line.textContent = text;
  box.append(strong, line);
  callPane.replaceChildren(box);
}

async function next() {
  const mine = (turn += 1);
  try {
    const taken = await post("/api/v1/supervision/claim", reason ? { reason } : {});
    if (mine !== turn) return;
    await counts();
    if (mine !== turn) return;
    if (!taken) {
      nothing(t("这一类没有待判的来电"), t("换一类看，或稍后再来；新来电研判后自动进入。按 N 再看一次。"));
      return;
    }
    await show(taken, mine);
  } catch (error) {
    if (mine !== turn) return;
    showProblem(error);
    nothing(t("没有打开"), t("{reason} 按 N 重试。", { reason: error.message }));
  }
}

async function show(taken, mine) {
  head = "";
  const holder = document.createElement("div");
  await fill(holder, `/supervision/reviews/${taken.review_id}`);
  if (mine !== turn) return;
  const article = holder.querySelector("article");
  const box = holder.querySelector("form");
  if (!article || !box) {
    nothing(t("没有打开"), t("按 N 重试。"));
    return;
  }
  callPane.replaceChildren(article);
  verdictPane.replaceChildren(box);
  open = taken;
  showVerdict();
}

// what: decided with what was said; sent once, the next comes by itself
async function decide() {
  if (!open || busy) return;
  busy = true;
  const box = form();
  const problem = box.querySelector(".problem");
  problem.hidden = true;
  try {
    const answer = await post(`/api/v1/supervision/reviews/${open.review_id}/decide`, said());
    dropDraft(key());
    undoable = { id: open.review_id };
    open = null;
    toast(answer.agreed ? t("已同意。按 U 撤销。") : t("已更正，将作为训练标注。按 U 撤销。"));
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    if (error.kind === "lease-lost") box.querySelector("#decide").disabled = true;
    return;
  } finally {
    busy = false;
  }
  // one may undo at once, while the next one is on its way
  await next();
}

async function leave() {
  if (!open || busy) return;
  busy = true;
  try {
    await post(`/api/v1/supervision/reviews/${open.review_id}/pass`);
  } catch (error) {
    showProblem(error);
  } finally {
    busy = false;
  }
  open = null;
  await next();
}

async function undo() {
  if (!undoable || busy) return;
  busy = true;
  const mine = (turn += 1);
  const before = open;
  open = null;
  try {
    const taken = await post(`/api/v1/supervision/reviews/${undoable.id}/undo`);
    toast(t("已撤销，请重新判定。"));
    await counts();
    await show(taken, mine);
  } catch (error) {
    open = before;
    showProblem(error);
  } finally {
    busy = false;
  }
}

function choosePile(entry) {
  reason = entry.dataset.reason;
  for (const each of piles.children) each.setAttribute("aria-selected", String(each === entry));
  history.replaceState(null, "", reason ? `?pile=${reason}` : "/supervision");
  next();
}

piles.addEventListener("click", (event) => {
  const entry = event.target.closest("[data-reason]");
  if (entry) choosePile(entry);
});
piles.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-reason]")) {
    event.preventDefault();
    choosePile(event.target);
  }
});
verdictPane.addEventListener("submit", (event) => {
  event.preventDefault();
  decide();
});
verdictPane.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".value")) value(button.closest("fieldset").dataset.head, button.dataset.value);
  if (button.id === "leave") leave();
  if (button.id === "reset") reset();
});
undoButton.addEventListener("click", undo);

function reset() {
  if (!open) return;
  dropDraft(key());
  showVerdict();
}

onKey("Enter", t("同意机器研判，或提交更正"), decide);
onKey("c", t("改类别，再按 1–5"), () => chooseHead("route"));
onKey("d", t("改危险，再按 0–2"), () => chooseHead("danger"));
onKey("t", t("改主题，再按数字或输入几个字"), () => chooseHead("topic"));
onKey(["1", "2", "3", "4", "5"], t("选类别（或已选栏的第几项）"), (event) => digit(Number(event.key)));
onKey("0", "", () => digit(0));
onKey("Escape", t("恢复为机器的"), () => (head ? chooseHead(head) : reset()));
onKey("s", t("留给别人，看下一通"), leave);
onKey("u", t("撤销上一判定"), undo);
onKey("n", t("没有来电时再看一次"), () => { if (!open) next(); });

for (const each of piles.children) each.setAttribute("aria-selected", String(each.dataset.reason === reason));
setInterval(() => {
  if (open && !document.hidden) {
    post(`/api/v1/supervision/reviews/${open.review_id}/keep`).catch((error) => {
      if (error.kind === "lease-lost") showProblem(error);
    });
  }
}, KEEP_MS);
onOpen(() => counts().catch(showProblem));
next();
