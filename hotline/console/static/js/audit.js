// The audit log: alerts are looked into, the chain is walked, rows by keyboard.
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { onEvent } from "./live.js";
import { showProblem, toast } from "./toasts.js";

async function acknowledge(button) {
  try {
    await post(`/api/v1/audit/alerts/${button.dataset.acknowledge}/acknowledge`);
    location.reload();
  } catch (error) {
    showProblem(error);
  }
}

const verifyButton = document.getElementById("verify-button");
const state = document.getElementById("chain-state");

async function verify() {
  if (verifyButton.disabled) return;
  verifyButton.disabled = true;
  state.textContent = "核验中…";
  try {
    const verdict = await post("/api/v1/audit/verify");
    state.textContent = verdict.ok
      ? `审计链完整，${verdict.links} 环相符${verdict.pending ? `，另有 ${verdict.pending} 条待入链` : ""}。`
      : `审计链在第 ${verdict.broken.seq} 环断裂：${verdict.broken.text}`;
    state.classList.toggle("problem", !verdict.ok);
  } catch (error) {
    state.textContent = error.message;
  } finally {
    verifyButton.disabled = false;
  }
}

function step(by) {
  const rows = [...document.querySelectorAll("#audit-rows tr[tabindex]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))].focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-acknowledge]");
  if (button) acknowledge(button);
});
onKey("a", "第一条告警：已核查", () => {
  const button = document.querySelector("[data-acknowledge]");
  if (button) acknowledge(button);
});
if (verifyButton) {
  verifyButton.addEventListener("click", verify);
  onKey("v", "核验审计链", verify);
  onKey("/", "到查询条件", () => document.querySelector(".filters input").focus());
  onKey("ArrowDown", "下一条", () => step(1), { repeats: true });
  onKey("ArrowUp", "上一条", () => step(-1), { repeats: true });
}
onEvent((kind) => {
  if (kind === "audit_alert") toast("有新的审计告警，刷新本页查看。", true);
});
