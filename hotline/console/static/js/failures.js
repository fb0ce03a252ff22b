// What could not be read says so in its place, and is asked for again by its button or by Alt+Z.
import { t } from "./language.js";

const shown = new WeakMap(); // the notice of each part that failed

// Read again, or never mind: the notice goes.
export function recovered(target) {
  const notice = shown.get(target);
  if (!notice) return;
  notice.remove();
  shown.delete(target);
}

// whole: nothing in `target` belongs to what was asked for, so the notice takes its place (before a list, which has no
// room for it within); else it stands above what is shown, which is older than it should be. again: asks once more.
export function failed(target, why, again, whole) {
  recovered(target);
  const notice = document.createElement("div");
  notice.className = whole ? "blank blank-failed pane-failed" : "strip strip-danger pane-failed";
  notice.setAttribute("role", "alert");
  const head = document.createElement("strong");
  head.textContent = whole ? t("没有读到") : t("没有读到最新的内容");
  const words = document.createElement(whole ? "p" : "span");
  words.textContent = why;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary small";
  button.dataset.retry = "";
  const key = document.createElement("kbd");
  key.textContent = "Alt+Z";
  button.append(t("重试"), " ", key);
  button.addEventListener("click", () => {
    // the button goes with the notice: the keys stay where one was reading
    if (notice.contains(document.activeElement)) {
      (target.matches("[tabindex]") ? target : document.getElementById("main")).focus({ preventScroll: true });
    }
    button.disabled = true;
    again();
  });
  notice.append(head, " ", words, " ", button);
  const list = target.matches("ul, ol, dl, tbody");
  if (whole) target.replaceChildren();
  if (list) target.before(notice);
  else target.prepend(notice);
  target.hidden = false;
  shown.set(target, notice);
}

// A part that nobody sees, such as one in a closed dialog, cannot tell of it itself.
export const seen = (target) => target.isConnected && !target.closest("dialog:not([open])");

const first = () => document.querySelector("[data-retry]:not(:disabled)");

// For the keys: the first part that failed is asked for again.
export const mayRetry = () => first() !== null;
export const retryFirst = () => first().click();
