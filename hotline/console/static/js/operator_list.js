// The list of calls: groups, filters by line and by who is on the line, which entry is chosen.
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const KEPT = "operator-filter";
// A claimed record goes back to the queue when its console falls silent (lease); two of three heartbeats may be lost.
const HEARTBEAT_MS = 20000;
const list = document.getElementById("call-list");
const buttons = Array.from(document.querySelectorAll("[data-filter-line], [data-filter-contact]"));
const note = document.getElementById("filtered-out");

const filter = { line: null, contact: null, ...JSON.parse(sessionStorage.getItem(KEPT) || "{}") };

export const entries = () => Array.from(list.querySelectorAll("[data-call-id]:not([hidden])"));

// Danger happening now is shown whatever is filtered.
function passes(entry) {
  if (Number(entry.dataset.danger) >= 2) return true;
  return (!filter.line || entry.dataset.line === filter.line) && (!filter.contact || entry.dataset.contact === filter.contact);
}

export function applyFilter() {
  let out = 0;
  for (const entry of list.querySelectorAll("[data-call-id]")) {
    entry.hidden = !passes(entry);
    if (entry.hidden) out += 1;
  }
  for (const group of list.querySelectorAll("[data-group]")) {
    const shown = list.querySelectorAll(`[data-in-group="${group.dataset.group}"]:not([hidden])`).length;
    group.hidden = shown === 0;
    group.querySelector("small").textContent = String(shown);
  }
  for (const button of buttons) {
    const on = button.dataset.filterLine ? button.dataset.filterLine === filter.line : button.dataset.filterContact === filter.contact;
    button.setAttribute("aria-pressed", String(on));
  }
  note.hidden = out === 0;
  note.textContent = out ? t("筛选隐去 {n} 通，按 0 看全部", { n: out }) : "";
  document.getElementById("list-count").textContent = String(entries().length);
}

function toggle(name, value) {
  filter[name] = filter[name] === value ? null : value;
  sessionStorage.setItem(KEPT, JSON.stringify(filter));
  applyFilter();
  list.dispatchEvent(new CustomEvent("filtered"));
}

function press(button) {
  if (button.dataset.filterLine) toggle("line", button.dataset.filterLine);
  else toggle("contact", button.dataset.filterContact);
}

for (const button of buttons) button.addEventListener("click", () => press(button));

export function mark(chosen) {
  for (const entry of list.querySelectorAll("[data-call-id]")) {
    entry.setAttribute("aria-selected", String(entry.dataset.callId === chosen));
  }
  const entry = chosen && document.getElementById(`entry-${chosen}`);
  if (entry && !entry.hidden) {
    list.setAttribute("aria-activedescendant", entry.id);
    entry.scrollIntoView({ block: "nearest" });
  } else {
    list.removeAttribute("aria-activedescendant");
  }
}

// Shown at once, before the server has answered; taken back where it refuses.
export function going(callId, on) {
  const entry = document.getElementById(`entry-${callId}`);
  if (entry) entry.classList.toggle("entry-going", on);
}

// The call that stands after this one, else the one before: where work goes on.
export function neighbour(callId) {
  const all = entries();
  const at = all.findIndex((entry) => entry.dataset.callId === callId);
  const next = all[at + 1] || all[at - 1];
  return next ? next.dataset.callId : null;
}

export function stepFrom(callId, by) {
  const all = entries();
  if (!all.length) return null;
  const at = all.findIndex((entry) => entry.dataset.callId === callId);
  return all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))].dataset.callId;
}

onKey(["1", "2", "3"], t("只看一条线路（再按取消）"), (event) => {
  const button = buttons.filter((b) => b.dataset.filterLine)[Number(event.key) - 1];
  if (button) press(button);
});
onKey(["4", "5", "6"], t("只看在线、待回拨或工单"), (event) => {
  const button = buttons.filter((b) => b.dataset.filterContact)[Number(event.key) - 4];
  if (button) press(button);
});
onKey("0", t("看全部来电"), () => {
  filter.line = null;
  toggle("contact", filter.contact);
});

// A lease that ran out shows by itself: the call leaves the list of mine.
setInterval(() => {
  for (const entry of list.querySelectorAll("[data-assignment-id]")) {
    post(`/api/v1/assignments/${entry.dataset.assignmentId}/heartbeat`).catch(() => htmx.trigger(list, "list-stale"));
  }
}, HEARTBEAT_MS);
