// Notices in the bar, one line of them: who has read one puts it away in this browser; it stays in the handover.
import { t } from "./language.js";
import { onEvent } from "./live.js";

const KEY = "read-notices";
const CHECK_MS = 60000;

let all = false;

const readIds = () => JSON.parse(localStorage.getItem(KEY) || "[]");

function arrange(box) {
  const read = readIds();
  const lines = Array.from(box.querySelectorAll("[data-notice-id]"));
  const unread = lines.filter((line) => !read.includes(line.dataset.noticeId));
  for (const line of lines) line.hidden = !unread.includes(line) || (!all && line !== unread[0]);
  for (const button of box.querySelectorAll("[data-more-notices]")) button.remove();
  if (all || unread.length < 2) return;
  const more = document.createElement("button");
  more.type = "button";
  more.className = "quiet small";
  more.dataset.moreNotices = "";
  more.textContent = t("还有 {n} 条", { n: unread.length - 1 });
  unread[0].append(more);
}

export function startNotices() {
  const box = document.getElementById("notices");
  if (!box) return;
  const stale = () => htmx.trigger(box, "notices-stale");
  box.addEventListener("htmx:afterSwap", () => arrange(box));
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-more-notices]")) {
      all = true;
    } else if (event.target.closest("[data-read-notice]")) {
      const id = event.target.closest("[data-notice-id]").dataset.noticeId;
      localStorage.setItem(KEY, JSON.stringify([...readIds().slice(-49), id]));
      document.getElementById("main").focus();
    }
    arrange(box);
  });
  onEvent((kind) => {
    if (kind === "shift_notice_changed") stale();
  });
  // they begin and end by the clock, without anybody doing anything
  setInterval(stale, CHECK_MS);
}
