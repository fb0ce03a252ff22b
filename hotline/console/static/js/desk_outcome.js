// How a call in hand ends: closed with an outcome, given back to its place, handed on.
import { post } from "./api.js";
import { act, done, workForm, workPane } from "./desk_hand.js";
import { saveNotes } from "./desk_notes.js";
import { askReason, forward } from "./forwarding.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const CALLBACK_WINDOW_MS = 3600 * 1000;

export function problemOf(form, text) {
  const line = form.querySelector(".problem");
  line.textContent = text || "";
  line.hidden = !text;
}

export function complete() {
  const form = workForm();
  if (!form) return;
  const disposition = form.elements.disposition.value;
  const at = form.elements.callback_at.value;
  if (!disposition) {
    problemOf(form, t("请选择处理结果。"));
    form.elements.disposition[0].focus();
    return;
  }
  if (!form.querySelector(".callback").hidden && !at) {
    problemOf(form, t("请填写回拨时间。"));
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
    done(id, t("已办结。"));
  });
}

export function release() {
  const form = workForm();
  if (!form) return;
  act(async () => {
    await saveNotes();
    const reason = await askReason("release-dialog");
    if (reason === null) return;
    await post(`/api/v1/assignments/${form.dataset.assignmentId}/release`, { reason });
    done(form.dataset.assignmentId, t("已退回队列原位。"));
  });
}

export function handOn(destination) {
  const form = workForm();
  if (!form || !workPane.querySelector(`[data-destination="${destination}"]`)) return;
  const data = form.dataset;
  act(async () => {
    await saveNotes();
    const call = {
      id: data.callId, decisionId: data.decisionId ? Number(data.decisionId) : null, destination: data.destination,
      live: data.live === "yes", noBlind: data.noBlind === "yes",
    };
    if (await forward(call, { destination })) done(data.assignmentId, t("已转出。"));
  });
}

export function startOutcome() {
  workPane.addEventListener("filled", () => {
    const form = workForm();
    if (!form) return;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      complete();
    });
    form.addEventListener("change", () => {
      const box = form.querySelector(".callback");
      box.hidden = form.elements.disposition.value !== box.dataset.for;
    });
  });
  onKey("Ctrl+Enter", t("办结"), complete, { inFields: true });
  onKey(["Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5", "Alt+6"], t("选处理结果"), (event) => {
    const choice = document.querySelectorAll('#work-form [name="disposition"]')[Number(event.key) - 1];
    if (choice) choice.click();
  }, { inFields: true });
  onKey("Alt+r", t("退回队列"), release, { inFields: true });
  onKey("n", t("到笔记"), () => document.getElementById("notes") && document.getElementById("notes").focus());
  onKey("F2", t("转 12348 律师"), () => handOn("lawyers"));
  onKey("F3", t("转调解员"), () => handOn("mediators"));
  onKey("F4", t("转 110 民警"), () => handOn("police"));
  onKey("F6", t("转 12345 承办单位"), () => handOn("departments"));
  onKey("F9", t("转回话务员"), () => handOn("operators"));
}
