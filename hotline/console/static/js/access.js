// What is hidden, shown for a reason: clear values of a call, another call of the same caller.
import { post } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

function chosen() {
  return [...document.querySelectorAll("#reason-fields input:checked")].map((box) => box.value);
}

// Gives the reason to send, or null when called off; what goes wrong is told in the dialog.
export function askReason(title, send, about, { fields = false } = {}) {
  const part = document.getElementById("reason-fields");
  part.hidden = !fields;
  part.disabled = !fields;
  return ask("reason-dialog", {
    title,
    about,
    check: ({ reason, note }) => {
      if (fields && !chosen().length) return t("请至少选一项要看的内容。");
      return reason === "other" && note.trim().length < 4 ? t("请用至少 4 个字说明理由。") : null;
    },
    send: ({ reason, note }) => send({ reason, note: note.trim() || null }),
  });
}

function showClear(values) {
  const list = document.getElementById("clear-values");
  list.replaceChildren();
  for (const [name, value] of Object.entries(values)) {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    const words = document.createElement("dd");
    term.textContent = document.querySelector(`#reason-fields input[value="${name}"]`).parentElement.textContent.trim();
    words.textContent = value || "—";
    if (name === "transcript") words.className = "clear-text";
    line.append(term, words);
    list.append(line);
  }
  const dialog = document.getElementById("clear-dialog");
  dialog.onclose = () => list.replaceChildren();
  dialog.showModal();
}

async function unmask(callId) {
  let values = null;
  await askReason(t("查看明文"), async (why) => {
    values = (await post(`/api/v1/calls/${callId}/unmask`, { fields: chosen(), ...why })).fields;
  }, callId, { fields: true });
  if (values) showClear(values);
}

async function openOther(callId, entry) {
  let other = null;
  await askReason(t("打开同号的另一通来电"), async (why) => {
    other = (await post(`/api/v1/calls/${callId}/timeline`, { entry, ...why })).call.id;
  }, `${callId}-${entry}`);
  // beside this page: whoever is on the line stays in sight
  if (other) window.open(`/calls/${other}`, "_blank", "noopener");
}

export function startAccess() {
  if (!document.getElementById("reason-dialog")) return;
  document.addEventListener("click", (event) => {
    const hidden = event.target.closest("[data-unmask]");
    if (hidden) unmask(hidden.dataset.unmask);
    const other = event.target.closest("[data-timeline]");
    if (other) openOther(other.closest("[data-call-id]").dataset.callId, other.dataset.timeline);
  });
  if (document.getElementById("call") || document.querySelector("[data-call-id]")) {
    onKey("v", t("查看明文（须说明理由）"), () => unmask(document.querySelector("[data-unmask]").dataset.unmask), {
      when: () => document.querySelector("[data-unmask]"),
    });
  }
}
