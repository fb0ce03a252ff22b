// What is in hand at a desk: the call and the work on it open together; one step at a time.
import { post } from "./api.js";
import { t } from "./language.js";
import { isAfter } from "./live.js";
import { empty, fill, parts, place, soon } from "./panes.js";
import { showProblem, toast } from "./toasts.js";

export const side = document.getElementById("side");
export const callPane = document.getElementById("call");
export const workPane = document.getElementById("work");
// what a desk says of its panes while they are empty stands in its template
const nothingChosen = callPane.textContent.trim();
const nothingInHand = workPane.textContent.trim();

const leaving = [];
const ending = [];
let current = null; // {assignmentId, callId, since: the newest event that what is shown of it knows of}
let sideOf = null; // the assignment that was current when the side was last asked for
let answering = Promise.resolve(); // settles when the claim under way is answered
let showing = Promise.resolve(); // settles when both panes of the call just opened are read
let taking = false; // a call is being claimed: it opens when its check is passed, not because it shows up in hand
let wrapping = null; // the assignment that is wrapped up
let busy = false;
let elsewhere = false; // the panes show something that is not in hand

export const state = () => side.querySelector(".desk-state").dataset;
export const inHand = () => Array.from(side.querySelectorAll("[data-assignment-id]"));
export const currentCall = () => current;
export const workForm = () => document.getElementById("work-form");

// Awaited before another call is opened: what is unsaved is saved.
export function beforeLeaving(action) {
  leaving.push(action);
}

let check = async () => true;
let seenCalls = () => null;

// What has to be settled before the content of a call just taken opens; gives false where it was given back.
// seen: gives ids of the calls that need no such check.
export function beforeBeginning(action, seen) {
  check = action;
  seenCalls = seen;
}

// The next call, of `queue` or of any of one's own; its parts come with it and open at once.
export async function takeNext(queue, none) {
  if (taking) return;
  taking = true;
  try {
    let taken = null;
    await act(async () => {
      const asking = post("/desk/next", { queue, seen: seenCalls() });
      answering = asking.catch(() => {});
      taken = await asking;
      if (!taken) none();
    });
    if (taken && (await check(taken))) open(String(taken.assignment_id), String(taken.call_id), taken);
  } finally {
    taking = false;
  }
}

// Called with the id of an assignment that has ended here: drafts are dropped.
export function whenDone(action) {
  ending.push(action);
}

// taken: what came with the claim, where it did.
export async function open(assignmentId, callId, taken = {}) {
  if (current && current.assignmentId === assignmentId) return;
  for (const action of leaving) await action();
  current = { assignmentId, callId, since: taken.since };
  elsewhere = false;
  wrapping = null;
  markCurrent();
  workPane.shownPath = null;
  await show(current, taken.parts);
}

function show(wanted, came) {
  const shown = placeBoth(wanted, came);
  showing = shown.catch(() => {});
  return shown;
}

// Both panes out of one answer, so that the work fits the words beside it.
async function placeBoth(wanted, came) {
  const path = `/desk/work/${wanted.assignmentId}`;
  const read = came || (await parts(callPane, path, () => show(wanted)));
  if (current !== wanted) return;
  if (!read) {
    noWork();
    return;
  }
  place(callPane, callPath(wanted), read.call);
  place(workPane, path, read.work);
}

// Nothing that belongs to another call stands beside one that could not be read.
export const noWork = () => empty(workPane, nothingInHand);
export const noCall = () => empty(callPane, nothingChosen);

const callPath = ({ callId }) => `/console/calls/${callId}`;

// Whether an event may have changed what is shown of the call in hand.
export function concernsCurrent(event, id) {
  return Boolean(current) && event.call_id !== null && String(event.call_id) === current.callId && isAfter(id, current.since);
}

// Another list of the desk shows something in the panes: calls in hand wait until they are opened.
export async function lookElsewhere() {
  for (const action of leaving) await action();
  current = null;
  elsewhere = true;
  markCurrent();
}

// What was looked at is gone: the panes are free.
export function lookBack() {
  elsewhere = false;
  clear();
  followSide();
}

function markCurrent() {
  for (const button of inHand()) {
    button.setAttribute("aria-current", String(Boolean(current) && button.dataset.assignmentId === current.assignmentId));
  }
}

function clear() {
  current = null;
  wrapping = null;
  empty(callPane, nothingChosen);
  empty(workPane, nothingInHand);
}

export function followSide() {
  const hand = inHand();
  const still = current && hand.some((button) => button.dataset.assignmentId === current.assignmentId);
  // a side that was asked for before the call opened does not know of it
  if (current && !still && sideOf === current.assignmentId) clear();
  if (!current && hand.length && !elsewhere && !taking) {
    const last = hand[hand.length - 1];
    open(last.dataset.assignmentId, last.dataset.callId);
  }
  const { wrapUpAssignment, wrapUpCall } = state();
  if (!current && !elsewhere && wrapUpAssignment && wrapping !== wrapUpAssignment) wrapUp(wrapUpAssignment, wrapUpCall);
  const left = workPane.querySelector(".wrap-up-left");
  if (left) left.textContent = state().presence === "wrap_up" ? "" : t(" · 整理时间已到");
  markCurrent();
}

// What has just ended stays open for its notes until another call is taken; nothing typed is lost when the time is over.
export async function wrapUp(assignmentId, callId) {
  wrapping = assignmentId;
  workPane.shownPath = null;
  await Promise.all([fill(callPane, `/console/calls/${callId}`), fill(workPane, `/desk/wrap-up/${assignmentId}`)]);
}

export const wrapped = () => wrapping;

// The notes are done: the panes are free.
export async function endWrapUp() {
  for (const action of leaving) await action();
  if (current) return;
  const ended = wrapping;
  clear();
  wrapping = ended;
}

// Where the keys go when no field has them: what is to be read, or the page while nothing is.
export function rest() {
  (callPane.querySelector(":scope > .empty") ? document.getElementById("main") : callPane).focus({ preventScroll: true });
}

export function done(id, text) {
  for (const action of ending) action(id);
  clear();
  rest();
  toast(text);
}

// Ended with an outcome: its notes stay open while it is wrapped up.
export function doneWell(id, callId, text) {
  for (const action of ending) action(id);
  current = null;
  toast(text);
  wrapUp(id, callId);
}

// One step at a time; what fails is said, and the side is read anew either way.
export async function act(step) {
  if (busy) return;
  busy = true;
  try {
    await step();
  } catch (error) {
    showProblem(error);
  } finally {
    busy = false;
    refreshSide();
  }
}

side.addEventListener("htmx:beforeRequest", () => { sideOf = current && current.assignmentId; });

// A claim tells what it changed itself: nothing is read beside it before it is answered.
export const refreshSide = soon(async () => {
  await answering;
  htmx.trigger(side, "side-stale");
});
// Nor while both panes are being read: the call alone would take the place of that request, and the work never come.
export const refreshCall = soon(async () => {
  await answering;
  await showing;
  if (current) fill(callPane, callPath(current));
});
