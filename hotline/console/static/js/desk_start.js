// The parts every desk shares, wired: clicks, keys, events. A desk of a role starts these and adds its own.
import { currentCall, followSide, open, refreshCall, refreshSide, side, callPane } from "./desk_hand.js";
import { startNotes } from "./desk_notes.js";
import { handOn, release, startOutcome } from "./desk_outcome.js";
import { next, refuse, setPresence, startPresence } from "./desk_presence.js";
import { onEvent, onOpen } from "./live.js";

const userId = Number(document.body.dataset.userId);
const ACTS = { next, accept: next, refuse, release };

function clicked(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const { act: name, presenceTo, assignmentId, callId, destination } = button.dataset;
  if (presenceTo) setPresence(presenceTo);
  else if (name === "to") handOn(destination);
  else if (name && ACTS[name]) ACTS[name]();
  else if (assignmentId) open(assignmentId, callId);
}

// An alarm's link would leave the call in hand: it opens beside.
function openBeside(event) {
  const link = event.target.closest("[data-open-call]");
  if (!link) return;
  event.preventDefault();
  window.open(`/calls/${link.dataset.openCall}`, "_blank", "noopener");
}

export function startDesk() {
  startNotes();
  startPresence();
  startOutcome();
  document.addEventListener("click", clicked);
  document.addEventListener("click", openBeside);
  side.addEventListener("htmx:afterSwap", followSide);
  onEvent((kind, event) => {
    if (kind === "presence_changed" && event.user_id !== userId) return;
    refreshSide();
    const current = currentCall();
    if (current && event.call_id !== null && String(event.call_id) === current.callId) refreshCall();
  });
  onOpen(() => {
    refreshSide();
    refreshCall();
  });
  followSide();
  if (!currentCall()) callPane.focus();
}
