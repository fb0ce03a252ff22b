// The parts every desk shares, wired: clicks, keys, events. A desk of a role starts these and adds its own.
import { startContactRules } from "./contact_rules.js";
import { startCounterparty } from "./counterparty.js";
import { concernsCurrent, currentCall, followSide, open, refreshCall, refreshSide, rest, side } from "./desk_hand.js";
import { startNotes } from "./desk_notes.js";
import { complete, handOn, release, startOutcome } from "./desk_outcome.js";
import { extendWrapUp, next, refuse, setPresence, startPresence } from "./desk_presence.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";

const userId = Number(document.body.dataset.userId);
const ACTS = { next, accept: next, refuse, release, extend: extendWrapUp, wrapped: complete };

function clicked(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const { act: name, presenceTo, assignmentId, callId, destination } = button.dataset;
  if (presenceTo) setPresence(presenceTo);
  else if (name && ACTS[name]) ACTS[name](button);
  else if (name === "to") handOn(destination);
  else if (assignmentId) open(assignmentId, callId);
}

// An alarm's link would leave the call in hand: it opens beside.
function openBeside(event) {
  const link = event.target.closest("[data-open-call]");
  if (!link) return;
  event.preventDefault();
  window.open(`/calls/${link.dataset.openCall}`, "_blank", "noopener");
}

// acts: further buttons of a role's desk, by their data-act; they come before the shared ones.
export function startDesk(acts = {}) {
  Object.assign(ACTS, acts);
  // the outcome first: where a call opens, the keys end up in its notes
  startOutcome();
  startNotes();
  startPresence();
  startCounterparty();
  startContactRules();
  document.addEventListener("click", clicked);
  document.addEventListener("click", openBeside);
  side.addEventListener("htmx:afterSwap", followSide);
  onEvent((kind, event, id) => {
    if (kind === "presence_changed" && event.user_id !== userId) return;
    refreshSide();
    if (concernsCurrent(event, id)) refreshCall();
  });
  onOpen(() => {
    refreshSide();
    refreshCall();
  });
  onKey("Escape", t("离开输入框"), rest, {
    inFields: true, when: () => document.activeElement.matches("input, textarea, select"),
  });
  followSide();
  if (!currentCall()) rest();
}
