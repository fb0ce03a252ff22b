// The danger panel: short answers saved as they are typed; what others write shows at once and is never overwritten unseen.
import { get, post, put } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, keepDrafts } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { fill, place, soon } from "./panes.js";
import { showProblem, toast } from "./toasts.js";

const SAVE_MS = 500;
const RETRY_MS = 3000;
const dock = document.getElementById("danger");
const timers = new Map(); // question -> timer of what is not saved yet
const saving = new Map(); // question -> the saving under way

let callId = null;
let missed = false; // the panel was in use when something else of it changed
let backTo = null; // where Esc leads

const rows = () => Array.from(dock.querySelectorAll("[data-question]"));
const input = (row) => row.querySelector("input");
const said = (text) => {
  const sign = document.getElementById("danger-saved");
  if (sign) sign.textContent = text;
};
const pending = (key) => timers.has(key) || saving.has(key);
const dropKept = (row) => dropDraft(input(row).dataset.draft);

async function save(row) {
  const key = row.dataset.question;
  const id = callId;
  timers.delete(key);
  if (saving.has(key)) {
    later(row);
    return;
  }
  const answer = input(row).value;
  saving.set(key, answer);
  try {
    const saved = await put(`/api/v1/calls/${id}/danger/${key}`, { answer, seen: Number(row.dataset.version) });
    row.dataset.version = String(saved.version);
    if (input(row).value === answer) dropKept(row);
    row.classList.remove("unsaved");
    said(t("已保存"));
  } catch (error) {
    row.classList.add("unsaved");
    said(t("未保存"));
    if (error.kind === "answer-changed") {
      // both stand there: mine in the field, the other's beside it; saving again says that it was seen
      showProblem(error);
      const panel = await get(`/api/v1/calls/${id}/danger`);
      const now = panel.answers[key];
      row.dataset.version = String(now.version);
      row.querySelector(".by").textContent = `${now.by}：${now.answer}`;
    } else if (error.status === 0 || error.status >= 500) {
      later(row, RETRY_MS);
    } else {
      showProblem(error);
    }
  } finally {
    saving.delete(key);
  }
}

function later(row, ms = SAVE_MS) {
  const key = row.dataset.question;
  clearTimeout(timers.get(key));
  timers.set(key, setTimeout(() => save(row), ms));
}

function flush() {
  for (const row of rows()) {
    const key = row.dataset.question;
    if (!timers.has(key)) continue;
    clearTimeout(timers.get(key));
    save(row);
  }
}

// What others wrote comes in; a field that is being written, or has the focus with other words in it, is left alone.
function take(panel) {
  for (const row of rows()) {
    const now = panel.answers[row.dataset.question];
    if (!now || pending(row.dataset.question) || row.classList.contains("unsaved")) continue;
    if (Number(row.dataset.version) >= now.version) continue;
    row.dataset.version = String(now.version);
    input(row).value = now.answer;
    row.querySelector(".by").textContent = now.by;
    row.classList.add("fresh");
  }
}

// Large type puts what is said before the facts while the panel takes its room.
function shut(none) {
  dock.hidden = none;
  dock.parentElement.classList.toggle("with-danger", !none);
}

// html: the panel of the call chosen now; of one that is shown already it changes by what reread() takes in.
export function showDanger(id, html) {
  if (id === callId) return;
  flush();
  callId = id;
  dock.shownPath = null;
  if (!id) {
    dock.replaceChildren();
    shut(true);
    return;
  }
  place(dock, `/console/calls/${id}/danger`, html);
}

// Danger may be heard later, and the card changes with the leader: read anew unless somebody types here.
const reread = soon(async () => {
  if (!callId) return;
  missed = false;
  if (!dock.querySelector(".danger-panel") || !dock.contains(document.activeElement)) {
    if (![...timers.keys(), ...saving.keys()].length) {
      await fill(dock, `/console/calls/${callId}/danger`);
      return;
    }
  }
  missed = true;
  take(await get(`/api/v1/calls/${callId}/danger`));
});

const KINDS = new Set([
  "danger", "danger_answered", "danger_acknowledged", "leader_wanted", "leader_joined", "closing_released", "call_held",
  "call_triaged", "proposal_changed", "notice", "call_claimed",
]);
export function onDangerEvent(kind, event) {
  if (callId !== null && String(event.call_id) === callId && KINDS.has(kind)) reread();
}

dock.addEventListener("filled", () => {
  shut(!dock.querySelector(".danger-panel"));
  keepDrafts(dock);
  // what was typed before a reload and not saved yet
  for (const row of rows()) {
    if (input(row).value !== input(row).defaultValue) later(row);
  }
});
dock.addEventListener("input", (event) => {
  const row = event.target.closest("[data-question]");
  if (!row) return;
  row.classList.remove("fresh");
  said(t("正在保存…"));
  later(row);
});
dock.addEventListener("focusin", () => dock.classList.add("in-use"));
dock.addEventListener("focusout", (event) => {
  if (dock.contains(event.relatedTarget)) return;
  dock.classList.remove("in-use");
  // what changed on the card while somebody typed here
  if (missed) reread();
});

function choose(row, number) {
  const button = row.querySelectorAll("[data-choice]")[number - 1];
  if (!button) return;
  const field = input(row);
  const rest = field.value.trim();
  field.value = rest && rest !== button.dataset.choice ? `${button.dataset.choice}，${rest}` : button.dataset.choice;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

dock.addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-question]");
  if (!row || event.isComposing) return;
  if (event.altKey && /^[1-5]$/.test(event.key)) {
    event.preventDefault();
    choose(row, Number(event.key));
  } else if (event.key === "Enter" || event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const all = rows();
    const next = all[all.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1)];
    if (next) input(next).focus();
    else if (event.key === "Enter" && backTo) backTo.focus();
  } else if (event.key === "Escape") {
    event.preventDefault();
    flush();
    if (backTo) backTo.focus();
  }
});
dock.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choice]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("[data-question]");
  choose(row, Array.from(row.querySelectorAll("[data-choice]")).indexOf(button) + 1);
});

function begin() {
  const open = rows().find((row) => !input(row).value) || rows()[0];
  if (open) input(open).focus();
  else toast(t("这通来电没有危险问询。"));
}

async function act(path, done) {
  try {
    await post(`/api/v1/calls/${callId}/${path}`);
    toast(done);
  } catch (error) {
    showProblem(error);
  }
  reread();
}

async function release() {
  const id = callId;
  const given = await ask("release-closing-dialog", {
    about: id,
    check: (values) => (values.reason.trim().length < 4 ? t("请写明理由（至少 4 个字）。") : null),
    send: (values) => post(`/api/v1/calls/${id}/release`, { reason: values.reason.trim() }),
  });
  if (given) toast(t("已解除锁定。"));
  reread();
}

export function startDangerPanel(leadsBack) {
  backTo = leadsBack;
  const shown = (what) => () => dock.querySelector(`[data-act="${what}"]`) !== null;
  onKey("p", t("危险问询"), begin);
  onKey("l", t("自伤来电：请班长加入"), () => act("leader", t("已请班长加入。")), { when: shown("leader") });
  onKey("r", t("班长、警务台：确认安全，解除锁定"), release, { when: shown("release") });
  document.addEventListener("click", (event) => {
    const button = event.target.closest('[data-act="leader"], [data-act="join"], [data-act="release"]');
    if (!button || !dock.contains(button)) return;
    if (button.dataset.act === "leader") act("leader", t("已请班长加入。"));
    else if (button.dataset.act === "join") act("join", t("已加入。请话务员把您接入三方通话。"));
    else release();
  });
  window.addEventListener("pagehide", flush);
}
