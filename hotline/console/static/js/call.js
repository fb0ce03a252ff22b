// One call for reading: follows its events; the danger panel; receipts and reasoned returns of tickets.
import { post } from "./api.js";
import { startContactRules } from "./contact_rules.js";
import { startCounterparty } from "./counterparty.js";
import { onDangerEvent, showDanger, startDangerPanel } from "./danger_panel.js";
import { dropForm } from "./drafts.js";
import { onEvent, onOpen } from "./live.js";
import { fill, soon } from "./panes.js";
import { showProblem } from "./toasts.js";

const pane = document.getElementById("call");
const refresh = soon(() => fill(pane, `/console/calls/${pane.dataset.callId}`));

if (document.getElementById("danger")) {
  startDangerPanel(pane);
  showDanger(pane.dataset.callId);
  onEvent(onDangerEvent);
}
onEvent((kind, event) => {
  if (String(event.call_id) === pane.dataset.callId) refresh();
});
if (document.getElementById("counterparty-dialog")) startCounterparty();
if (document.getElementById("contact-rules-dialog")) startContactRules();
onOpen(refresh);
document.addEventListener("submit", async (event) => {
  const { receipt, return: back } = event.target.dataset;
  if (!receipt && !back) return;
  event.preventDefault();
  const body = Object.fromEntries(new FormData(event.target));
  try {
    await post(receipt ? `/api/v1/transfers/${receipt}/receipt` : `/api/v1/transfers/${back}/return`, body);
    dropForm(event.target);
    location.reload();
  } catch (error) {
    showProblem(error);
  }
});
