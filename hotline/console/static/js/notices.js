// Notices in the bar: a person who has read one puts it away in this browser; it stays in the handover.
import { onEvent } from "./live.js";

const KEY = "read-notices";
const CHECK_MS = 60000;

const readIds = () => JSON.parse(localStorage.getItem(KEY) || "[]");

function hideRead(box) {
  const read = readIds();
  for (const line of box.querySelectorAll("[data-notice-id]")) line.hidden = read.includes(line.dataset.noticeId);
}

export function startNotices() {
  const box = document.getElementById("notices");
  if (!box) return;
  const stale = () => htmx.trigger(box, "notices-stale");
  box.addEventListener("htmx:afterSwap", () => hideRead(box));
  box.addEventListener("click", (event) => {
    if (!event.target.closest("[data-read-notice]")) return;
    const id = event.target.closest("[data-notice-id]").dataset.noticeId;
    localStorage.setItem(KEY, JSON.stringify([...readIds().slice(-49), id]));
    hideRead(box);
    document.getElementById("main").focus();
  });
  onEvent((kind) => {
    if (kind === "shift_notice_changed") stale();
  });
  // they begin and end by the clock, without anybody doing anything
  setInterval(stale, CHECK_MS);
}
