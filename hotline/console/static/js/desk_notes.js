// Notes, summary and the caller's consent save themselves: a moment after typing, before another call, when the page goes.
import { put } from "./api.js";
import { beforeLeaving, callPane, whenDone, workForm, workPane } from "./desk_hand.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const SAVE_AFTER_MS = 700;
const TRY_AGAIN_MS = 5000;

let timer = null;
let unsaved = null; // {id, body}

const keptAs = (id) => `notes-${id}`;

function saveState(text, failed = false) {
  const sign = document.getElementById("save-state");
  if (!sign) return;
  sign.textContent = text;
  sign.dataset.state = failed ? "failed" : "ok";
}

// What the form holds, as both the autosave and the outcome send it.
export function written(form) {
  const { notes, summary, summary_approved: approved } = form.elements;
  const body = { notes: notes.value };
  if (summary) body.summary = summary.value;
  if (approved) body.summary_approved = approved.checked;
  return body;
}

function changed() {
  const form = workForm();
  unsaved = { id: form.dataset.assignmentId, body: written(form) };
  writeDraft(keptAs(unsaved.id), unsaved.body);
  saveState(t("未保存…"));
  clearTimeout(timer);
  timer = setTimeout(saveNotes, SAVE_AFTER_MS);
}

export async function saveNotes() {
  clearTimeout(timer);
  if (!unsaved) return;
  const sent = unsaved;
  unsaved = null;
  try {
    await put(`/api/v1/assignments/${sent.id}/notes`, sent.body);
    if (!unsaved) {
      dropDraft(keptAs(sent.id));
      const time = new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
      saveState(t("已保存 {time}", { time }));
    }
  } catch (error) {
    if (!unsaved) unsaved = sent;
    saveState(t("未保存：{reason}", { reason: error.message }), true);
    if (error.status === 0 || error.status >= 500) timer = setTimeout(saveNotes, TRY_AGAIN_MS);
  }
}

// Typed while the server could not be reached, or just before a reload.
function takeUpKept(form) {
  const body = readDraft(keptAs(form.dataset.assignmentId));
  if (!body) return;
  const { notes, summary, summary_approved: approved } = form.elements;
  notes.value = body.notes;
  if (summary && body.summary !== undefined) summary.value = body.summary;
  if (approved && body.summary_approved !== undefined) approved.checked = body.summary_approved;
  changed();
}

export function startNotes() {
  beforeLeaving(saveNotes);
  whenDone((id) => {
    clearTimeout(timer);
    unsaved = null;
    dropDraft(keptAs(id));
    dropDraft(`work-${id}`);
  });
  workPane.addEventListener("filled", () => {
    const form = workForm();
    if (!form) return;
    for (const name of ["notes", "summary", "summary_approved"]) {
      if (form.elements[name]) form.elements[name].addEventListener("input", changed);
    }
    takeUpKept(form);
    // in wrap-up the keys of the desk stay free: space takes the next call, N goes to the notes
    (form.dataset.wrapUp ? callPane : form.elements.notes).focus();
  });
  onKey("Alt+y", t("来电人同意摘要给其他单位看"), () => {
    const box = document.getElementById("summary-approved");
    if (box) box.click();
  }, { inFields: true });
  window.addEventListener("pagehide", () => {
    if (!unsaved) return;
    put(`/api/v1/assignments/${unsaved.id}/notes`, unsaved.body, { keepalive: true, quiet: true }).catch(() => {});
  });
  document.addEventListener("logged-in-again", saveNotes);
}
