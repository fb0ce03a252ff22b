// Conflicts of interest: before a call is picked up, when another came than was shown, and in the middle of the talk.
import { post } from "./api.js";
import { act, beforeBeginning, done, side, state, workForm } from "./desk_hand.js";
import { saveNotes } from "./desk_notes.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const seen = new Set(); // calls whose other side stood on this screen

function look() {
  const { nextCall } = side.querySelector(".next-card").dataset;
  const { ringingCall } = state();
  for (const id of [nextCall, ringingCall]) if (id) seen.add(id);
}

const said = (answer) => (answer.stands === "operators"
  ? t("已回避。没有别的律师可接，来电已回到话务员。")
  : t("已回避，来电回到原位，不再给您。"));

export function recuseNext() {
  const id = state().ringingCall || side.querySelector(".next-card").dataset.nextCall;
  if (!id) return;
  act(async () => toast(said(await post(`/api/v1/calls/${id}/recusal`, {}))));
}

export function recuseInHand() {
  const form = workForm();
  if (!form || form.dataset.wrapUp) return;
  const { assignmentId, callId } = form.dataset;
  act(async () => {
    await saveNotes();
    let answer = null;
    const given = ask("recusal-dialog", {
      about: callId,
      send: async ({ counterparty }) => {
        answer = await post(`/api/v1/calls/${callId}/recusal`, { counterparty: counterparty.trim() || null });
      },
    });
    const known = document.querySelector("[data-counterparty]");
    if (known) document.querySelector('#recusal-dialog [name="counterparty"]').value = known.dataset.counterpartyName;
    await given;
    if (answer) done(assignmentId, said(answer));
  });
}

// Somebody was faster: the call that came instead shows its other side first, and its content after that.
async function checkUnseen(taken) {
  const names = taken.counterparty;
  if (taken.parts) return true;
  const dialog = document.getElementById("conflict-dialog");
  dialog.querySelector(".conflict-names").textContent = t("对方：{names}", { names: names.join("、") });
  const begun = await ask("conflict-dialog");
  if (begun) return true;
  await act(async () => toast(said(await post(`/api/v1/calls/${taken.call_id}/recusal`, {}))));
  return false;
}

export function startRecusals() {
  beforeBeginning(checkUnseen, () => Array.from(seen, Number));
  look();
  side.addEventListener("htmx:afterSwap", look);
  const dialog = document.getElementById("conflict-dialog");
  // no way past the question: Esc neither begins nor gives back
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.querySelector("[data-recuse]").addEventListener("click", () => dialog.close());
  onKey("x", null, () => dialog.close(), { dialog: "conflict-dialog" });
  onKey("x", t("回避：不接显示的下一通"), recuseNext);
  onKey("Alt+x", t("回避：手上这通有利益冲突"), recuseInHand, { inFields: true });
}
