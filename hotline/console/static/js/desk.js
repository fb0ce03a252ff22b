// A desk: presence, what rings, the next call, notes that save themselves, outcome, handing on.
import { post, put } from "./api.js";
import { dropDraft, keepDrafts } from "./drafts.js";
import { askReason, forward } from "./forwarding.js";
import { onKey } from "./keys.js";
import { onEvent, onOpen } from "./live.js";
import { empty, fill, soon } from "./panes.js";
import { everySecond } from "./ticking.js";
import { showProblem, toast } from "./toasts.js";

const side = document.getElementById("side");
const callPane = document.getElementById("call");
const workPane = document.getElementById("work");
const userId = Number(document.body.dataset.userId);
const SAVE_AFTER_MS = 700;
const CALLBACK_WINDOW_MS = 3600 * 1000;

let current = null; // {assignmentId, callId}
let busy = false;
let saveTimer = null;
let unsaved = null;

const state = () => side.querySelector(".desk-state").dataset;
const inHand = () => Array.from(side.querySelectorAll("[data-assignment-id]"));

// ---- in hand

async function open(assignmentId, callId) {
  if (current && current.assignmentId === assignmentId) return;
  await saveNotes();
  current = { assignmentId, callId };
  markCurrent();
  workPane.shownPath = null;
  await Promise.all([fill(callPane, `/console/calls/${callId}`), fill(workPane, `/desk/work/${assignmentId}`)]);
}

function markCurrent() {
  for (const button of inHand()) {
    button.setAttribute("aria-current", String(Boolean(current) && button.dataset.assignmentId === current.assignmentId));
  }
}

function followSide() {
  const hand = inHand();
  const still = current && hand.some((button) => button.dataset.assignmentId === current.assignmentId);
  if (current && !still) {
    current = null;
    empty(callPane, "按空格接下一个来电。");
    empty(workPane, "接单后在这里记录和办结。");
  }
  if (!current && hand.length) {
    const last = hand[hand.length - 1];
    open(last.dataset.assignmentId, last.dataset.callId);
  }
  markCurrent();
}

workPane.addEventListener("filled", () => {
  const form = document.getElementById("work-form");
  if (!form) return;
  keepDrafts(form);
  const kept = sessionStorage.getItem(`notes-${form.dataset.assignmentId}`);
  if (kept !== null) {
    // typed while the server could not be reached
    form.elements.notes.value = kept;
    noteChanged();
  }
  form.elements.notes.addEventListener("input", noteChanged);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complete();
  });
  form.addEventListener("change", () => {
    const box = form.querySelector(".callback");
    box.hidden = form.elements.disposition.value !== box.dataset.for;
  });
  form.elements.notes.focus();
});

// ---- notes

function saveState(text, failed = false) {
  const sign = document.getElementById("save-state");
  if (!sign) return;
  sign.textContent = text;
  sign.dataset.state = failed ? "failed" : "ok";
}

function noteChanged() {
  const form = document.getElementById("work-form");
  unsaved = { id: form.dataset.assignmentId, notes: form.elements.notes.value };
  sessionStorage.setItem(`notes-${unsaved.id}`, unsaved.notes);
  saveState("未保存…");
  clearTimeout(saveTimer);
  saveTimer = setTimeout(saveNotes, SAVE_AFTER_MS);
}

async function saveNotes() {
  clearTimeout(saveTimer);
  if (!unsaved) return;
  const sent = unsaved;
  unsaved = null;
  try {
    await put(`/api/v1/assignments/${sent.id}/notes`, { notes: sent.notes });
    if (!unsaved) {
      sessionStorage.removeItem(`notes-${sent.id}`);
      saveState(`已保存 ${new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" })}`);
    }
  } catch (error) {
    if (!unsaved) unsaved = sent;
    saveState(`未保存：${error.message}`, true);
    if (error.status === 0 || error.status >= 500) saveTimer = setTimeout(saveNotes, 5000);
  }
}

window.addEventListener("pagehide", () => {
  if (unsaved) put(`/api/v1/assignments/${unsaved.id}/notes`, { notes: unsaved.notes }, { keepalive: true, quiet: true }).catch(() => {});
});

// ---- doing

async function act(step) {
  if (busy) return;
  busy = true;
  try {
    await step();
  } catch (error) {
    showProblem(error);
  } finally {
    busy = false;
    refreshSide();
  }
}

function take(queues) {
  return act(async () => {
    for (const queue of queues) {
      const taken = await post(`/api/v1/queues/${queue}/claim`);
      if (taken) {
        await open(String(taken.assignment_id), String(taken.call.id));
        return;
      }
    }
    toast("队列里现在没有您可接的来电。");
  });
}

function next() {
  const button = document.getElementById("next");
  const { ringingQueue } = state();
  const queues = button.dataset.queues.split(" ").filter(Boolean);
  return take(ringingQueue ? [ringingQueue] : queues);
}

function refuse() {
  const { ringingQueue } = state();
  if (!ringingQueue) return;
  act(async () => {
    await post(`/api/v1/queues/${ringingQueue}/refuse`);
    toast("已谢绝，来电回到队列原位。");
  });
}

function presence(value) {
  act(() => put("/api/v1/presence", { presence: value }));
}

function problemOf(form, text) {
  const line = form.querySelector(".problem");
  line.textContent = text || "";
  line.hidden = !text;
}

function complete() {
  const form = document.getElementById("work-form");
  if (!form) return;
  const disposition = form.elements.disposition.value;
  const at = form.elements.callback_at.value;
  if (!disposition) {
    problemOf(form, "请选择处理结果。");
    form.elements.disposition[0].focus();
    return;
  }
  if (!form.querySelector(".callback").hidden && !at) {
    problemOf(form, "请填写回拨时间。");
    form.elements.callback_at.focus();
    return;
  }
  problemOf(form, "");
  const id = form.dataset.assignmentId;
  const body = { disposition, notes: form.elements.notes.value, summary: form.elements.summary.value || null };
  act(async () => {
    if (!form.querySelector(".callback").hidden) {
      const start = new Date(`${at}:00+08:00`);
      const end = new Date(start.getTime() + CALLBACK_WINDOW_MS);
      await post(`/api/v1/calls/${form.dataset.callId}/choice`, {
        choice: "callback", window_start: start.toISOString(), window_end: end.toISOString(),
      });
    }
    await post(`/api/v1/assignments/${id}/complete`, body);
    done(id, "已办结。");
  });
}

function done(id, text) {
  clearTimeout(saveTimer);
  unsaved = null;
  sessionStorage.removeItem(`notes-${id}`);
  dropDraft(`summary-${id}`);
  current = null;
  empty(callPane, "按空格接下一个来电。");
  empty(workPane, "接单后在这里记录和办结。");
  callPane.focus();
  toast(text);
}

function release() {
  const form = document.getElementById("work-form");
  if (!form) return;
  act(async () => {
    await saveNotes();
    const reason = await askReason("release-dialog");
    if (reason === null) return;
    await post(`/api/v1/assignments/${form.dataset.assignmentId}/release`, { reason });
    done(form.dataset.assignmentId, "已退回队列原位。");
  });
}

function handOn(destination) {
  const form = document.getElementById("work-form");
  if (!form || !form.parentElement.querySelector(`[data-destination="${destination}"]`)) return;
  const data = form.dataset;
  act(async () => {
    await saveNotes();
    const call = {
      id: data.callId, decisionId: data.decisionId ? Number(data.decisionId) : null, destination: data.destination,
      live: data.live === "yes", noBlind: data.noBlind === "yes",
    };
    if (await forward(call, { destination })) done(data.assignmentId, "已转出。");
  });
}

// ---- leases

let beat = 0;
everySecond(() => {
  beat += 1;
  for (const button of inHand()) {
    if (beat % Number(button.dataset.heartbeatS) !== 0) continue;
    post(`/api/v1/assignments/${button.dataset.assignmentId}/heartbeat`, {}, { quiet: true }).catch((error) => {
      if (error.kind === "lease-lost") {
        toast("租约已到期，来电回到了队列；笔记仍在本机。", true);
        refreshSide();
      }
    });
  }
  const { wrapUpUntil } = state();
  if (wrapUpUntil && Date.parse(wrapUpUntil) < Date.now() && beat % 2 === 0) refreshSide();
});

// ---- keys, clicks, events

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { act: name, presenceTo, assignmentId, callId, destination } = button.dataset;
  if (presenceTo) presence(presenceTo);
  else if (name === "next" || name === "accept") next();
  else if (name === "refuse") refuse();
  else if (name === "release") release();
  else if (name === "to") handOn(destination);
  else if (assignmentId) open(assignmentId, callId);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open-call]");
  if (!link) return;
  event.preventDefault();
  window.open(`/calls/${link.dataset.openCall}`, "_blank", "noopener");
});

onKey("Enter", "接听振铃的来电", next, { when: () => state().ringingQueue });
onKey("Escape", "谢绝振铃的来电", refuse, { when: () => state().ringingQueue });
onKey(" ", "接下一个", next);
onKey("1", "状态：空闲", () => presence("available"));
onKey("2", "状态：小休", () => presence("paused"));
onKey("3", "状态：离线", () => presence("offline"));
onKey(["Ctrl+Enter"], "办结", complete, { inFields: true });
onKey(["Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5", "Alt+6"], "选处理结果", (event) => {
  const choice = document.querySelectorAll('#work-form [name="disposition"]')[Number(event.key) - 1];
  if (choice) choice.click();
}, { inFields: true });
onKey("Alt+r", "退回队列", release, { inFields: true });
onKey("n", "到笔记", () => document.getElementById("notes") && document.getElementById("notes").focus());
onKey("F2", "转 12348 律师", () => handOn("lawyers"));
onKey("F3", "转调解员", () => handOn("mediators"));
onKey("F4", "转 110 民警", () => handOn("police"));
onKey("F6", "转 12345 承办单位", () => handOn("departments"));
onKey("F9", "转回话务员", () => handOn("operators"));

const refreshSide = soon(() => htmx.trigger(side, "side-stale"));
const refreshCall = soon(() => current && fill(callPane, `/console/calls/${current.callId}`));

side.addEventListener("htmx:afterSwap", followSide);
onEvent((kind, event) => {
  if (kind === "presence_changed" && event.user_id !== userId) return;
  refreshSide();
  if (current && event.call_id !== null && String(event.call_id) === current.callId) refreshCall();
});
onOpen(() => {
  refreshSide();
  refreshCall();
});
document.addEventListener("logged-in-again", saveNotes);
followSide();
if (!current) callPane.focus();
