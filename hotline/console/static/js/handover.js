// The shift handover: one key confirms one matter, and the next one is chosen.
import { post, put } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, keepDrafts } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { fill, soon } from "./panes.js";
import { showProblem, toast } from "./toasts.js";

const box = document.getElementById("handover");
const record = box.dataset.record === "yes";

let chosen = null; // id of the matter's entry
let busy = false;

const state = () => box.querySelector(".pane-matters").dataset;
const matters = () => Array.from(box.querySelectorAll(".matter"));
const current = () => (chosen ? document.getElementById(chosen) : null);
const base = () => `/api/v1/handovers/${state().handoverId}`;

function markChosen() {
  for (const matter of matters()) matter.setAttribute("aria-current", String(matter.id === chosen));
  const entry = current();
  if (entry) entry.scrollIntoView({ block: "nearest" });
}

function choose(entry) {
  chosen = entry ? entry.id : null;
  markChosen();
}

function step(by) {
  const all = matters();
  if (!all.length) return;
  const at = all.findIndex((matter) => matter.id === chosen);
  choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]);
}

// The next one that still waits, after the present one first.
function waiting() {
  const all = matters();
  const at = all.findIndex((matter) => matter.id === chosen);
  const open = (matter) => matter.dataset.done === "no";
  return all.slice(at + 1).find(open) || all.find(open) || null;
}

// What somebody is just typing is not replaced under their hands.
const writing = () => box.contains(document.activeElement) && document.activeElement.matches("textarea") && document.activeElement.value !== document.activeElement.defaultValue;

function dress() {
  keepDrafts(box);
  const prepareForm = document.getElementById("prepare-form");
  if (prepareForm) prepareForm.addEventListener("submit", prepare);
  const noteForm = document.getElementById("note-form");
  if (noteForm) noteForm.addEventListener("submit", saveNote);
  if (!current()) choose(waiting() || matters()[0]);
  else markChosen();
}

async function read() {
  if (record || writing()) return;
  await fill(box, "/handover/body");
}
const readSoon = soon(read);
box.addEventListener("filled", dress);

async function act(send, done = null) {
  if (busy) return false;
  busy = true;
  try {
    await send();
    if (done) toast(done);
    return true;
  } catch (error) {
    showProblem(error);
    return false;
  } finally {
    busy = false;
    await read();
  }
}

async function prepare(event) {
  if (event) event.preventDefault();
  const form = document.getElementById("prepare-form");
  if (!form) return;
  const note = form.elements.note.value;
  await act(async () => {
    await post("/api/v1/handovers", { note });
    dropDraft("handover-note");
    form.remove();
  }, t("交接班已准备好，请接班班长逐项确认。"));
}

async function saveNote(event) {
  if (event) event.preventDefault();
  const form = document.getElementById("note-form");
  if (!form) return;
  const field = form.elements.note;
  await act(async () => {
    await put(`${base()}/note`, { note: field.value });
    field.defaultValue = field.value;
    dropDraft(field.dataset.draft);
  }, t("已保存。"));
}

async function confirm() {
  const entry = current();
  const { open, leader, outgoing } = state();
  if (!entry || open !== "yes" || leader !== "yes") return;
  if (outgoing === "yes") {
    toast(t("交班人不能替接班人确认。"), true);
    return;
  }
  if (entry.dataset.done === "yes") {
    choose(waiting());
    return;
  }
  const { kind, ref } = entry.dataset;
  if (await act(() => post(`${base()}/items/${kind}/${ref}/confirm`))) choose(waiting() || current());
}

async function close() {
  const { open, leader, outgoing, left } = state();
  if (open !== "yes" || leader !== "yes" || outgoing === "yes") return;
  if (Number(left)) {
    toast(t("还有 {n} 项没有确认。", { n: left }), true);
    choose(waiting());
    return;
  }
  await act(() => post(`${base()}/close`), t("接班完成。"));
}

async function note() {
  const entry = current();
  const { open, leader, outgoing } = state();
  if (!entry || open !== "yes" || (leader !== "yes" && outgoing !== "yes")) return;
  const { kind, ref } = entry.dataset;
  const given = ask("item-note-dialog", { about: `${state().handoverId}-${kind}-${ref}`, send: (values) => put(`${base()}/items/${kind}/${ref}/note`, { note: values.note }) });
  const field = document.querySelector("#item-note-dialog textarea");
  field.value = entry.dataset.note;
  if (await given) readSoon();
}

async function kept() {
  const entry = current();
  if (!entry || entry.dataset.kind !== "callback") return;
  await act(() => post(`/api/v1/calls/${entry.dataset.callId}/called-back`), t("已记为完成回拨。"));
}

const ACTS = { confirm, note, kept, close, "call-off": () => act(() => post(`${base()}/call-off`), t("已撤回。")) };

box.addEventListener("click", (event) => {
  const entry = event.target.closest(".matter");
  if (entry) choose(entry);
  const button = event.target.closest("button[data-do]");
  if (button) ACTS[button.dataset.do]();
});

onKey(["ArrowDown", "j"], t("下一项"), () => step(1), { repeats: true });
onKey(["ArrowUp", "k"], t("上一项"), () => step(-1), { repeats: true });
if (!record) {
  onKey("Enter", t("确认这一项"), confirm);
  onKey("n", t("给这一项写说明"), note);
  onKey("b", t("约定的回拨已完成"), kept);
  onKey("Ctrl+Enter", t("准备交接，或接班完成"), () => (document.getElementById("prepare-form") ? prepare() : close()), { inFields: true });
  onKey("Ctrl+s", t("保存交接说明"), () => saveNote(), { inFields: true });
}
onKey("o", t("打开来电"), () => {
  const link = current() && current().querySelector('a[href^="/calls/"]');
  if (link) link.click();
});

onEvent(readSoon);
onOpen(readSoon);
dress();
