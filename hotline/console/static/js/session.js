// The session's CSRF token, and the log-in dialog that appears over the page when the session has ended.
let waiting = null;

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

// Resolves after the same person has logged in again; nothing on the page is lost meanwhile.
export function logInAgain() {
  if (waiting) return waiting;
  const dialog = document.getElementById("login-dialog");
  if (!dialog) {
    location.assign("/login");
    return new Promise(() => {});
  }
  const form = document.getElementById("relogin-form");
  const problem = form.querySelector(".problem");
  const before = document.activeElement;
  const name = form.elements.name.defaultValue;
  waiting = new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      problem.hidden = true;
      let response;
      try {
        response = await fetch("/login", {
          method: "POST",
          headers: { Accept: "application/json" },
          body: new URLSearchParams(new FormData(form)),
        });
      } catch (error) {
        problem.textContent = "连不上服务，请稍后再试。";
        problem.hidden = false;
        return;
      }
      const answer = await response.json();
      if (!response.ok) {
        problem.textContent = answer.detail;
        problem.hidden = false;
        form.elements.password.select();
        return;
      }
      if (answer.name !== name) {
        location.assign("/");
        return;
      }
      document.querySelector('meta[name="csrf-token"]').content = answer.csrf_token;
      for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = answer.csrf_token;
      form.elements.password.value = "";
      waiting = null;
      dialog.close();
      if (before && before.isConnected) before.focus();
      document.dispatchEvent(new CustomEvent("logged-in-again"));
      resolve();
    };
  });
  dialog.oncancel = (event) => event.preventDefault();
  if (!dialog.open) dialog.showModal();
  form.elements.password.focus();
  return waiting;
}
