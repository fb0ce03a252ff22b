// How a call in hand ends: closed with an outcome, given back to its place, handed on.
import { post } from "./api.js";
import { act, done, doneWell, endWrapUp, workForm, workPane } from "./desk_hand.js";
import { saveNotes, written } from "./desk_notes.js";
import { setPresence, waitsInWrapUp } from "./desk_presence.js";
import { keepForm } from "./drafts.js";
import { askReason, forward, reasonSent } from "./forwarding.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { inSafeHours } from "./safe_hours.js";

// What a person picks from the short list when the reason is a conflict of interest: the call is not offered again.
const RECUSAL = /^回避/;

export function problemOf(form, text) {
  const line = form.querySelector(".problem");
  line.textContent = text || "";
  line.hidden = !text;
}

function promise(form, at) {
  form.elements.callback_at.value = at;
  form.elements.callback_at.dispatchEvent(new Event("input", { bubbles: true }));
}

// The outcome's key pressed again: the next of the times that are promised most often.
function nextTime(form) {
  const times = Array.from(form.querySelectorAll(".callback:not([hidden]) [data-callback-at]"), (button) => button.dataset.callbackAt);
  if (!times.length) return;
  const at = times.indexOf(form.elements.callback_at.value);
  promise(form, times[(at + 1) % times.length]);
}

// Wrapped up: free for the next call at once.
async function wrapped() {
  await endWrapUp();
  if (waitsInWrapUp()) setPresence("available");
}

export function complete() {
  const form = workForm();
  if (!form) return;
  if (form.dataset.wrapUp) {
    wrapped();
    return;
  }
  const disposition = form.elements.disposition.value;
  const at = form.elements.callback_at.value;
  const callsBack = !form.querySelector(".callback").hidden;
  if (!disposition) {
    problemOf(form, t("请选择处理结果。"));
    form.elements.disposition[0].focus();
    return;
  }
  if (callsBack && !at) {
    problemOf(form, t("请填写回拨时间。"));
    form.elements.callback_at.focus();
    return;
  }
  problemOf(form, "");
  const { assignmentId, callId } = form.dataset;
  const body = { disposition, ...written(form) };
  if (callsBack) body.callback_at = `${at}:00+08:00`;
  act(async () => {
    try {
      await inSafeHours((moved) => post(`/api/v1/assignments/${assignmentId}/complete`, moved ? { ...body, callback_at: moved.from, callback_until: moved.until } : body));
    } catch (error) {
      if (error.status === 422) problemOf(form, error.message);
      throw error;
    }
    doneWell(assignmentId, callId, callsBack ? t("已约定回拨，到时回到您这里。") : t("已办结。"));
  });
}

export function release() {
  const form = workForm();
  if (!form) return;
  act(async () => {
    await saveNotes();
    const reason = await askReason("release-dialog", null, form.dataset.assignmentId);
    if (reason === null) return;
    if (RECUSAL.test(reason)) await post(`/api/v1/calls/${form.dataset.callId}/recusal`, {});
    else await post(`/api/v1/assignments/${form.dataset.assignmentId}/release`, { reason });
    reasonSent("release-dialog");
    done(form.dataset.assignmentId, t("已退回队列原位。"));
  });
}

let prepare = async () => ({});

// Settled before a call is handed on: gives what forward() takes beside the destination, or null to stay.
export function beforeHandingOn(action) {
  prepare = action;
}

export function handOn(destination) {
  const form = workForm();
  if (!form || form.dataset.wrapUp || !workPane.querySelector(`[data-destination="${destination}"]`)) return;
  const data = form.dataset;
  act(async () => {
    await saveNotes();
    const options = await prepare(destination, form);
    if (options === null) return;
    const call = {
      id: data.callId, decisionId: data.decisionId ? Number(data.decisionId) : null, destination: data.destination,
      live: data.live === "yes", noBlind: data.noBlind === "yes",
    };
    if (await forward(call, { destination, ...options })) done(data.assignmentId, t("已转出。"));
  });
}

export function startOutcome() {
  workPane.addEventListener("filled", () => {
    const form = workForm();
    if (!form || form.dataset.wrapUp) return;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      complete();
    });
    form.addEventListener("change", () => {
      const box = form.querySelector(".callback");
      const wanted = form.elements.disposition.value === box.dataset.for;
      const begins = wanted && box.hidden;
      box.hidden = !wanted;
      if (begins) form.elements.callback_at.focus();
    });
    form.addEventListener("click", (event) => {
      const { callbackAt } = event.target.dataset;
      if (callbackAt) promise(form, callbackAt);
    });
    keepForm(form, form.dataset.assignmentId);
  });
  onKey("Ctrl+Enter", t("办结"), complete, { inFields: true });
  onKey(["Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5", "Alt+6"], t("选处理结果"), (event) => {
    const choice = document.querySelectorAll('#work-form [name="disposition"]')[Number(event.key) - 1];
    if (!choice) return;
    if (choice.checked) nextTime(choice.form);
    else choice.click();
  }, { inFields: true });
  onKey("Alt+r", t("退回队列"), release, { inFields: true });
  onKey("n", t("到笔记"), () => document.getElementById("notes") && document.getElementById("notes").focus());
  onKey("F2", t("转 12348 律师"), () => handOn("lawyers"));
  onKey("F3", t("转调解员"), () => handOn("mediators"));
  onKey("F4", t("转 110 民警"), () => handOn("police"));
  onKey("F6", t("转 12345 承办单位"), () => handOn("departments"));
  onKey("F9", t("转回话务员"), () => handOn("operators"));
}
