// The list of a desk beside what is in hand: what is chosen, moving by keys, filters, deadlines that count.
import { callPane, lookBack, lookElsewhere, noCall, noWork, side, workPane } from "./desk_hand.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent } from "./live.js";
import { parts, place, soon } from "./panes.js";
import { duration, everySecond } from "./ticking.js";

const KEPT = "case-filter";
let chosen = null; // {name, path, callId}
let coming = null; // what was just given this name comes into the list with its next reading, and into sight

const buttons = () => Array.from(side.querySelectorAll("[data-choose]"));
const shown = () => buttons().filter((button) => !button.closest("li").hidden);
export const choice = () => chosen;

function mark() {
  for (const button of buttons()) button.setAttribute("aria-current", String(Boolean(chosen) && button.dataset.choose === chosen.name));
}

// Both panes out of one answer, so that what is done fits the words beside it.
export async function refreshChosen() {
  if (!chosen) return;
  const now = chosen;
  const read = await parts(callPane, now.path, refreshChosen);
  if (chosen !== now) return;
  if (read) {
    if (read.call !== null) place(callPane, now.path, read.call);
    else if (callPane.shownPath !== now.path) noCall();
    place(workPane, now.path, read.work);
  } else if (workPane.shownPath !== now.path) noWork();
}

// Chosen at once, so that the next key counts from here; shown when what was open before is saved.
async function turnTo(name, path, callId) {
  const now = { name, path, callId };
  chosen = now;
  document.body.dataset.shownCall = callId;
  mark();
  await lookElsewhere();
  if (chosen !== now) return;
  workPane.shownPath = null;
  refreshChosen();
}

export function choose(button) {
  const turned = turnTo(button.dataset.choose, button.dataset.path, button.dataset.ofCall);
  button.scrollIntoView({ block: "nearest" });
  return turned;
}

// The panes show something else now: a call in hand, or nothing.
export function unchoose(clear = true) {
  if (!chosen) return;
  chosen = null;
  delete document.body.dataset.shownCall;
  mark();
  if (clear) lookBack();
}

// What was chosen has another name now, such as a waiting item that became a case.
export function chooseNamed(name, path, callId) {
  coming = name;
  return turnTo(name, path, String(callId));
}

function move(step) {
  const list = shown();
  if (!list.length) return;
  const at = chosen ? list.findIndex((button) => button.dataset.choose === chosen.name) : -1;
  choose(list[Math.max(0, Math.min(list.length - 1, at + step))]);
}

// ---- filters: this browser window's own

const read = () => JSON.parse(sessionStorage.getItem(KEPT) || "{}");

export function applyFilter() {
  const box = document.getElementById("case-filter");
  if (!box) return;
  const kept = read();
  const [own, place, topic] = ["filter-own", "filter-place", "filter-topic"].map((id) => document.getElementById(id));
  // a department begins with what is dispatched to it
  if (own) own.checked = kept.own ?? own.dataset.begins === "on";
  for (const [field, value] of [[place, kept.place], [topic, kept.topic]]) {
    // what is no longer there does not hide all the rest
    field.value = value && Array.from(field.options).some((option) => option.value === value) ? value : "";
  }
  let out = 0;
  for (const entry of side.querySelectorAll("[data-entries] > [data-place]")) {
    const passes = (!own || !own.checked || entry.dataset.fits === "yes")
      && (!place.value || entry.dataset.place === place.value) && (!topic.value || entry.dataset.topic === topic.value);
    entry.hidden = !passes;
    if (!passes) out += 1;
  }
  for (const list of side.querySelectorAll("[data-entries]")) {
    const head = side.querySelector(`[data-group="${list.dataset.entries}"] small`);
    if (head) head.textContent = String(list.querySelectorAll("[data-place]:not([hidden])").length);
  }
  const note = document.getElementById("filtered-out");
  note.hidden = out === 0;
  note.textContent = out ? t("筛选隐去 {n} 件，按 0 看全部", { n: out }) : "";
}

function keepFilter() {
  const value = (id) => document.getElementById(id).value;
  const own = document.getElementById("filter-own");
  sessionStorage.setItem(KEPT, JSON.stringify({ own: Boolean(own && own.checked), place: value("filter-place"), topic: value("filter-topic") }));
  applyFilter();
}

// ---- deadlines: the same words as hotline.console.casework.left_words

function countDown() {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = (Date.parse(element.dataset.due) - now) / 1000;
    const time = duration(Math.floor(Math.abs(left) / 60) * 60);
    const text = left > 0 ? t("还剩 {time}", { time }) : t("逾期 {time}", { time });
    if (element.textContent !== text) element.textContent = text;
  }
}

export function startList() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button) {
      choose(button);
      callPane.focus({ preventScroll: true });
    } else if (event.target.closest("[data-assignment-id]")) unchoose(false);
  });
  side.addEventListener("change", (event) => {
    if (event.target.closest("#case-filter")) keepFilter();
  });
  side.addEventListener("htmx:afterSwap", () => {
    applyFilter();
    mark();
    const come = coming && shown().find((button) => button.dataset.choose === coming);
    if (!come) return;
    coming = null;
    come.scrollIntoView({ block: "nearest" });
  });
  onKey(["ArrowDown", "j"], t("下一件"), () => move(1), { repeats: true });
  onKey(["ArrowUp", "k"], t("上一件"), () => move(-1), { repeats: true });
  if (document.getElementById("case-filter")) {
    onKey("f", t("到筛选"), () => document.getElementById("filter-place").focus());
    onKey("0", t("看全部（取消筛选）"), () => {
      sessionStorage.setItem(KEPT, JSON.stringify({ own: false }));
      applyFilter();
    });
  }
  const refresh = soon(refreshChosen);
  onEvent((kind, event) => {
    if (chosen && String(event.call_id) === chosen.callId) refresh();
  });
  everySecond(countDown);
  applyFilter();
}
