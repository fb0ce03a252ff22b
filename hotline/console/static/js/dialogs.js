// Dialogs as promises: open, give back what was entered, or null when called off.
import { dropForm, keepForm } from "./drafts.js";
import { explain } from "./explaining.js";
import { showProblem } from "./toasts.js";

// send: submits while the dialog stays open; where it fails the reason stands there and nothing typed is lost.
// about: what is asked about; a form with data-draft keeps what is typed for it through Esc, a reload and an ended
// session, until it is sent. What the caller fills in right after asking comes before what was typed.
export function ask(id, { title = null, check = () => null, about = "", send = null } = {}) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  const problem = form.querySelector(".problem");
  const before = document.activeElement;
  form.reset();
  problem.hidden = true;
  if (title) dialog.querySelector("h2").textContent = title;
  const field = form.querySelector("textarea");
  if (form.dataset.draft) queueMicrotask(() => keepForm(form, about));
  dialog.showModal();
  const first = (field && field.offsetParent && field) || form.querySelector("input:checked") || form.querySelector("input");
  if (first) first.focus();
  return new Promise((resolve) => {
    let answer = null;
    let sending = false;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (sending) return;
      const values = Object.fromEntries(new FormData(form));
      const wrong = check(values);
      if (wrong) {
        problem.textContent = wrong;
        problem.hidden = false;
        return;
      }
      problem.hidden = true;
      if (send) {
        sending = true;
        try {
          await send(values);
        } catch (error) {
          explain(form, problem, error);
          if (!dialog.open) {
            showProblem(error);
            resolve(null);
          }
          return;
        } finally {
          sending = false;
        }
      }
      answer = values;
      if (send) dropForm(form);
      // called off while it was under way: what was sent counts
      if (dialog.open) dialog.close();
      else resolve(answer);
    };
    dialog.onkeydown = (event) => {
      if (event.ctrlKey && event.key === "Enter") {
        event.preventDefault();
        form.requestSubmit();
      } else if (/^[1-9]$/.test(event.key) && !event.target.matches("textarea, input:not([type=radio])")) {
        const choice = form.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
        if (choice && !choice.disabled) {
          event.preventDefault();
          choice.focus();
          choice.click();
          if (choice.dataset.then) form.elements[choice.dataset.then].focus();
        }
      }
    };
    dialog.onclose = () => {
      // told a moment after the closing: by then the next question may stand in the same dialog
      if (dialog.open) return;
      if (before && before.isConnected) before.focus();
      if (!sending) resolve(answer);
    };
  });
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close]");
    if (button) button.closest("dialog").close();
  });
}
