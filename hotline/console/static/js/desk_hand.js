// What is in hand at a desk: the call and the work on it open together; one step at a time.
import { t } from "./language.js";
import { empty, fill, soon } from "./panes.js";
import { showProblem, toast } from "./toasts.js";

export const side = document.getElementById("side");
export const callPane = document.getElementById("call");
export const workPane = document.getElementById("work");

const leaving = [];
const ending = [];
let current = null; // {assignmentId, callId}
let busy = false;

export const state = () => side.querySelector(".desk-state").dataset;
export const inHand = () => Array.from(side.querySelectorAll("[data-assignment-id]"));
export const currentCall = () => current;
export const workForm = () => document.getElementById("work-form");

// Awaited before another call is opened: what is unsaved is saved.
export function beforeLeaving(action) {
  leaving.push(action);
}

// Called with the id of an assignment that has ended here: drafts are dropped.
export function whenDone(action) {
  ending.push(action);
}

export async function open(assignmentId, callId) {
  if (current && current.assignmentId === assignmentId) return;
  for (const action of leaving) await action();
  current = { assignmentId, callId };
  markCurrent();
  workPane.shownPath = null;
  await Promise.all([fill(callPane, `/console/calls/${callId}`), fill(workPane, `/desk/work/${assignmentId}`)]);
}

function markCurrent() {
  for (const button of inHand()) {
    button.setAttribute("aria-current", String(Boolean(current) && button.dataset.assignmentId === current.assignmentId));
  }
}

function clear() {
  current = null;
  empty(callPane, t("按空格接下一个来电。"));
  empty(workPane, t("接单后在这里记录和办结。"));
}

export function followSide() {
  const hand = inHand();
  const still = current && hand.some((button) => button.dataset.assignmentId === current.assignmentId);
  if (current && !still) clear();
  if (!current && hand.length) {
    const last = hand[hand.length - 1];
    open(last.dataset.assignmentId, last.dataset.callId);
  }
  markCurrent();
}

export function done(id, text) {
  for (const action of ending) action(id);
  clear();
  callPane.focus();
  toast(text);
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

export const refreshSide = soon(() => htmx.trigger(side, "side-stale"));
export const refreshCall = soon(() => current && fill(callPane, `/console/calls/${current.callId}`));
