// Periods: what the next round would erase, counted rule by rule; legal holds placed and released with a reason.
import { post } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { editPeriods } from "./retention_periods.js";
import { bar, streamed } from "./streaming.js";

const button = document.getElementById("count-button");
const progress = document.getElementById("count-progress");
const state = document.getElementById("count-state");

async function count() {
  if (button.disabled) return;
  button.disabled = true;
  const told = bar(progress, (now) => t("已算 {done} 条规则，共 {total} 条", now));
  try {
    const { items } = await streamed("POST", "/api/v1/retention/count", {}, told);
    for (const each of items) {
      const place = document.querySelector(`[data-due="${each.line}:${each.part}"]`);
      const held = each.held ? t("，另 {held} 通被保留", { held: each.held }) : "";
      place.textContent = t("{due} 通到期", { due: each.due }) + held;
      place.className = each.due ? "due short" : "due muted";
    }
    const due = items.reduce((sum, each) => sum + each.due, 0);
    state.textContent = due ? t("下一轮会删除 {due} 处到期内容。这次只是试算，没有删除。", { due }) : t("现在没有到期内容。");
  } catch (error) {
    state.textContent = error.message;
  } finally {
    progress.hidden = true;
    button.disabled = false;
  }
}

async function placeHold() {
  const placed = await ask("hold-dialog", {
    check: (given) => (Boolean(given.call_id) === Boolean(given.number) ? t("请填来电编号或来电号码，二者其一。") : null),
    send: (given) => post("/api/v1/retention/holds", {
      call_id: given.call_id ? Number(given.call_id) : null, number: given.number || null, reason: given.reason,
    }),
  });
  if (placed) location.reload();
}

async function release(id) {
  const released = await ask("release-dialog", {
    title: t("解除法律保留 {id}", { id }),
    about: id,
    send: (given) => post(`/api/v1/retention/holds/${id}/release`, { reason: given.reason }),
  });
  if (released) location.reload();
}

button.addEventListener("click", count);
if (document.getElementById("edit-button")) {
  document.getElementById("edit-button").addEventListener("click", editPeriods);
  onKey("e", t("修改期限"), editPeriods);
}
document.getElementById("new-hold").addEventListener("click", placeHold);
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-release]");
  if (chosen) release(chosen.dataset.release);
});
onKey("t", t("试算到期内容"), count);
onKey("h", t("设置法律保留"), placeHold);
