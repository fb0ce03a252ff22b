// Dialogs as promises: open, give back what was entered, or null when called off.
export function ask(id, { title = null, check = () => null, draftKey = null } = {}) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  const problem = form.querySelector(".problem");
  const before = document.activeElement;
  form.reset();
  problem.hidden = true;
  if (title) dialog.querySelector("h2").textContent = title;
  const field = form.querySelector("textarea");
  if (draftKey && field) {
    field.value = sessionStorage.getItem(draftKey) || "";
    field.oninput = () => sessionStorage.setItem(draftKey, field.value);
  }
  dialog.showModal();
  const first = form.querySelector("textarea") || form.querySelector("input:checked") || form.querySelector("input");
  if (first) first.focus();
  return new Promise((resolve) => {
    let answer = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      const values = Object.fromEntries(new FormData(form));
      const wrong = check(values);
      if (wrong) {
        problem.textContent = wrong;
        problem.hidden = false;
        return;
      }
      answer = values;
      dialog.close();
    };
    dialog.onkeydown = (event) => {
      if (event.ctrlKey && event.key === "Enter") {
        event.preventDefault();
        form.requestSubmit();
      } else if (/^[1-9]$/.test(event.key) && !event.target.matches("textarea, input:not([type=radio])")) {
        const choice = form.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
        if (choice) {
          event.preventDefault();
          choice.checked = true;
          choice.focus();
          if (choice.value === "其他") form.elements.words.focus();
        }
      }
    };
    dialog.onclose = () => {
      if (before && before.isConnected) before.focus();
      resolve(answer);
    };
  });
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close]");
    if (button) button.closest("dialog").close();
  });
}
