// Queues beside a proposal that stays as it is: how many wait there, how long it takes, who is on duty, whether that is
// too few. What is proposed and what Enter does are not touched, and nothing moves.
import { get } from "./api.js";
import { paced } from "./panes.js";

const pane = document.getElementById("proposal");
// of what happens elsewhere, this changes a queue or who is there
const KINDS = [
  "presence_changed", "queue_changed", "call_offered", "call_claimed", "call_released", "call_completed", "transfer_created",
  "transfer_cancelled", "transfer_returned",
];
const SOON_MS = 100;
const PAUSE_MS = 2000;

const shownQueue = () => {
  const shown = pane.querySelector(".proposal");
  return shown ? shown.dataset.targetQueue : "";
};

function put(element, html) {
  // escaped by the server's templates
  if (element && element.innerHTML !== html) element.innerHTML = html;
}

async function read() {
  const queue = shownQueue();
  if (!queue) return;
  let found;
  try {
    found = await get(`/operator/staffing?queue=${encodeURIComponent(queue)}`);
  } catch (error) {
    // older figures stay; the sign of the live connection tells when nothing comes any more
    if (error.status === 0 || error.status >= 500) return;
    throw error;
  }
  if (shownQueue() !== queue) return;
  put(pane.querySelector(".queue-facts"), found.facts);
  const offer = pane.querySelector(".choice-offer");
  if (offer) {
    offer.dataset.short = found.short_handed ? "yes" : "no";
    put(offer.querySelector("span"), found.offer);
  }
  for (const line of pane.querySelectorAll("[data-figures-of]")) put(line, found.figures[line.dataset.figuresOf]);
}

const refresh = paced(read, SOON_MS, PAUSE_MS);

export function followStaffing(kind) {
  if (KINDS.includes(kind)) refresh();
}
