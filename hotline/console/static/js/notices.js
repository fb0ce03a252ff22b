// Notices under the bar, one line of them: who has read one puts it away in this browser; it stays in the handover.
import { onEvent } from "./live.js";

const COOKIE = "read_notices";
const KEPT = 50;
const CHECK_MS = 60000;

function readIds() {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  return found ? found.slice(COOKIE.length + 1).split(".") : [];
}

// The service leaves out what was read, so that no line comes and goes while a page loads.
function putAway(id) {
  const ids = [...readIds(), id].slice(-KEPT).join(".");
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${COOKIE}=${ids}; path=/; max-age=604800; samesite=lax${secure}`;
}

export function startNotices() {
  const box = document.getElementById("notices");
  if (!box) return;
  const stale = () => htmx.trigger(box, "notices-stale");
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-more-notices]")) {
      for (const line of box.querySelectorAll("[data-notice-id]")) line.hidden = false;
      event.target.closest("[data-more-notices]").remove();
    } else if (event.target.closest("[data-read-notice]")) {
      putAway(event.target.closest("[data-notice-id]").dataset.noticeId);
      document.getElementById("main").focus();
      stale();
    }
  });
  onEvent((kind) => {
    if (kind === "shift_notice_changed") stale();
  });
  // they begin and end by the clock, without anybody doing anything
  setInterval(stale, CHECK_MS);
}
