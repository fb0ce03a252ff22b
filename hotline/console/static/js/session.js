// The session: its CSRF token, the log-in dialog over the page when it has ended, the cover when it is locked.
import { t } from "./language.js";

let waiting = null;
let unlocking = null;

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

function setToken(token) {
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
}

// Posts a form's fields; what the service answers, with `ok`, or null where it could not be reached.
async function send(path, fields) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": csrfToken() },
      body: new URLSearchParams(fields),
    });
    return { status: response.status, ok: response.ok, ...(await response.json()) };
  } catch (error) {
    return null;
  }
}

function tell(problem, text) {
  problem.textContent = text;
  problem.hidden = false;
}

const UNREACHABLE = t("连不上服务，请稍后再试。");

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
  const codeStep = form.querySelector(".code-step");
  const before = document.activeElement;
  const name = form.elements.name.defaultValue;
  const atCode = () => !codeStep.hidden;
  const askCode = (due) => {
    codeStep.hidden = !due;
    form.elements.code.required = due;
    form.elements.code.value = "";
  };
  askCode(false);
  waiting = new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      problem.hidden = true;
      const fields = new FormData(form);
      const answer = atCode()
        ? await send("/login/code", { code: fields.get("code") })
        : await send("/login", { name: fields.get("name"), password: fields.get("password") });
      if (!answer || !answer.ok) {
        tell(problem, answer ? answer.detail : UNREACHABLE);
        // too many wrong codes, or too late: from the start
        if (answer && atCode() && answer.status !== 401) askCode(false);
        (atCode() ? form.elements.code : form.elements.password).select();
        return;
      }
      setToken(answer.csrf_token);
      if (answer.code_due) {
        askCode(true);
        form.elements.code.focus();
        return;
      }
      if (answer.name !== name) {
        location.assign("/");
        return;
      }
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

export function isCovered() {
  return unlocking !== null;
}

// Covers the page until its person has given the password; resolves then. What was typed stays underneath.
export function cover() {
  if (unlocking) return unlocking;
  const dialog = document.getElementById("lock-dialog");
  if (!dialog) {
    location.assign(`/locked?next=${encodeURIComponent(location.pathname)}`);
    return new Promise(() => {});
  }
  const form = document.getElementById("unlock-form");
  const problem = form.querySelector(".problem");
  const before = document.activeElement;
  problem.hidden = true;
  unlocking = new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      problem.hidden = true;
      const answer = await send("/unlock", { password: new FormData(form).get("password") });
      if (!answer || !answer.ok) {
        if (answer && answer.type && answer.type.endsWith("not-authenticated")) {
          // the session ended under the cover: after a log-in the page goes on all the same
          await logInAgain();
        } else {
          tell(problem, answer ? answer.detail : UNREACHABLE);
          form.elements.password.select();
          return;
        }
      }
      form.reset();
      unlocking = null;
      dialog.close();
      if (before && before.isConnected) before.focus();
      document.dispatchEvent(new CustomEvent("uncovered"));
      document.dispatchEvent(new CustomEvent("logged-in-again"));
      resolve();
    };
  });
  dialog.oncancel = (event) => event.preventDefault();
  if (!dialog.open) dialog.showModal();
  form.elements.password.focus();
  document.dispatchEvent(new CustomEvent("covered"));
  return unlocking;
}

// What to wait for before a request that was answered so may be sent again; null: sending again would not help.
export function mended(status) {
  if (status === 401) return logInAgain();
  if (status === 423) return cover();
  return null;
}
