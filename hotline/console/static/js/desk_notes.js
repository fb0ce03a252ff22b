// Notes that save themselves: a moment after typing, before another call opens, when the page goes.
import { put } from "./api.js";
import { beforeLeaving, whenDone, workForm, workPane } from "./desk_hand.js";
import { dropDraft, keepDrafts } from "./drafts.js";
import { t } from "./language.js";

const SAVE_AFTER_MS = 700;
const TRY_AGAIN_MS = 5000;

let timer = null;
let unsaved = null;

const keptAs = (id) => `notes-${id}`;

function saveState(text, failed = false) {
  const sign = document.getElementById("save-state");
  if (!sign) return;
  sign.textContent = text;
  sign.dataset.state = failed ? "failed" : "ok";
}

function noteChanged() {
  const form = workForm();
  unsaved = { id: form.dataset.assignmentId, notes: form.elements.notes.value };
  sessionStorage.setItem(keptAs(unsaved.id), unsaved.notes);
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
    await put(`/api/v1/assignments/${sent.id}/notes`, { notes: sent.notes });
    if (!unsaved) {
      sessionStorage.removeItem(keptAs(sent.id));
      const time = new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
      saveState(t("已保存 {time}", { time }));
    }
  } catch (error) {
    if (!unsaved) unsaved = sent;
    saveState(t("未保存：{reason}", { reason: error.message }), true);
    if (error.status === 0 || error.status >= 500) timer = setTimeout(saveNotes, TRY_AGAIN_MS);
  }
}

export function startNotes() {
  beforeLeaving(saveNotes);
  whenDone((id) => {
    clearTimeout(timer);
    unsaved = null;
    sessionStorage.removeItem(keptAs(id));
    dropDraft(`summary-${id}`);
  });
  workPane.addEventListener("filled", () => {
    const form = workForm();
    if (!form) return;
    keepDrafts(form);
    const { notes } = form.elements;
    notes.addEventListener("input", noteChanged);
    const kept = sessionStorage.getItem(keptAs(form.dataset.assignmentId));
    if (kept !== null) {
      // typed while the server could not be reached
      notes.value = kept;
      noteChanged();
    }
    notes.focus();
  });
  window.addEventListener("pagehide", () => {
    if (!unsaved) return;
    const body = { notes: unsaved.notes };
    put(`/api/v1/assignments/${unsaved.id}/notes`, body, { keepalive: true, quiet: true }).catch(() => {});
  });
  document.addEventListener("logged-in-again", saveNotes);
}
