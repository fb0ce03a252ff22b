// The audit log: alerts are looked into, the chain is walked, rows by keyboard, filters saved.
import { post, request } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent } from "./live.js";
import { bar, streamed } from "./streaming.js";
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
const progress = document.getElementById("verify-progress");
const filters = document.getElementById("audit-filters");

async function verify() {
  if (verifyButton.disabled) return;
  verifyButton.disabled = true;
  state.textContent = t("核验中…");
  const told = bar(progress, (now) => t("{done} / {total} 环", now));
  try {
    const verdict = await streamed("POST", "/api/v1/audit/verify?progress=yes", {}, told);
    const pending = verdict.pending ? t("，另有 {pending} 条待入链", verdict) : "";
    state.textContent = verdict.ok
      ? t("审计链完整，{links} 环相符", verdict) + pending
      : t("审计链在第 {seq} 环断裂：{text}", verdict.broken);
    state.classList.toggle("problem", !verdict.ok);
  } catch (error) {
    state.textContent = error.message;
  } finally {
    progress.hidden = true;
    verifyButton.disabled = false;
  }
}

function step(by) {
  const rows = [...document.querySelectorAll("#audit-rows tr[tabindex]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))].focus();
}

async function saveFilter() {
  const chosen = Object.fromEntries([...new FormData(filters)].filter(([, value]) => value));
  const saved = await ask("filter-dialog", { send: (given) => post("/api/v1/audit/filters", { name: given.name, query: chosen }) });
  if (saved) location.assign(`/audit?${new URLSearchParams(chosen)}`);
}

async function dropFilter(button) {
  try {
    await request("DELETE", `/api/v1/audit/filters/${button.dataset.drop}`);
    location.reload();
  } catch (error) {
    showProblem(error);
  }
}

document.addEventListener("click", (event) => {
  const alert = event.target.closest("[data-acknowledge]");
  if (alert) acknowledge(alert);
  const drop = event.target.closest("[data-drop]");
  if (drop) dropFilter(drop);
});
onKey("a", t("第一条告警：已核查"), () => {
  const button = document.querySelector("[data-acknowledge]");
  if (button) acknowledge(button);
});
if (verifyButton) {
  verifyButton.addEventListener("click", verify);
  document.getElementById("save-filter").addEventListener("click", saveFilter);
  onKey("v", t("核验审计链"), verify);
  onKey("s", t("把查询条件存为常用"), saveFilter);
  onKey("/", t("到查询条件"), () => filters.querySelector("input").focus());
  onKey("ArrowDown", t("下一条"), () => step(1), { repeats: true });
  onKey("ArrowUp", t("上一条"), () => step(-1), { repeats: true });
  document.querySelectorAll("#saved-filters a").forEach((link, index) => {
    if (index < 9) onKey(String(index + 1), index ? "" : t("常用查询 1 到 9"), () => link.click());
  });
}
onEvent((kind) => {
  if (kind === "audit_alert") toast(t("有新的审计告警，刷新本页查看。"), true);
});
