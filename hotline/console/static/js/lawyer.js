// The lawyer's desk: the shared parts, conflicts of interest, pieces of law at hand, handing on without retyping.
import { side } from "./desk_hand.js";
import { saveNotes } from "./desk_notes.js";
import { beforeHandingOn } from "./desk_outcome.js";
import { startDesk } from "./desk_start.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent } from "./live.js";
import { recuseInHand, recuseNext, startRecusals } from "./recusal.js";
import { openSnippets, startSnippets } from "./snippets.js";
import { toast } from "./toasts.js";

const userId = Number(document.body.dataset.userId);

// The summary goes along when the caller agreed; a mediator needs no reason typed, the desk knows it.
async function prepare(destination, form) {
  const { summary, summary_approved: approved } = form.elements;
  if (summary.value.trim() && !approved.checked) {
    const answer = await ask("approval-dialog");
    if (!answer) return null;
    if (answer.approve === "yes") {
      approved.click();
      await saveNotes();
    }
  }
  return destination === "mediators" ? { reason: form.dataset.handedOnReason } : {};
}

// What was opened at the left stays open when the side is read anew.
function keepOpen() {
  const opened = new Set();
  side.addEventListener("toggle", ({ target }) => opened[target.open ? "add" : "delete"](target.id), true);
  side.addEventListener("htmx:beforeSwap", () => { for (const part of side.querySelectorAll("details[open]")) opened.add(part.id); });
  side.addEventListener("htmx:afterSwap", () => {
    for (const part of side.querySelectorAll("details[id]")) part.open = opened.has(part.id);
  });
}

startDesk({ snippets: openSnippets, recuse: recuseInHand, "recuse-next": recuseNext });
keepOpen();
startRecusals();
startSnippets();
beforeHandingOn(prepare);
onKey("Alt+s", t("到摘要"), () => {
  const field = document.getElementById("summary");
  if (field) field.focus();
}, { inFields: true });
onEvent((kind, event) => {
  if (kind === "callback_due" && event.user_id === userId) toast(t("约定的回拨到点了，按空格接。"));
});
