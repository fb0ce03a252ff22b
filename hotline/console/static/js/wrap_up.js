// The form after a call: filled in as far as known, by keyboard alone, saved with the call.
import { put } from "./api.js";
import { ask } from "./dialogs.js";
import { t } from "./language.js";
import { fill } from "./panes.js";
import { inSafeHours } from "./safe_hours.js";
import { toast } from "./toasts.js";

const fields = document.getElementById("wrap-up-fields");
const form = document.getElementById("wrap-up-form");
const KEPT = ["route", "topic", "region", "disposition", "summary"];

const when = () => form.elements.callback_at;
const promises = (values) => values.disposition === when().parentElement.dataset.for;

form.addEventListener("change", () => {
  if (when()) when().parentElement.hidden = !promises(Object.fromEntries(new FormData(form)));
});

// Gives true once the form is saved; what was typed survives Esc, a reload and an ended session.
export async function wrapUp(callId) {
  fields.shownPath = null;
  await fill(fields, `/console/calls/${callId}/wrap-up`);
  const shown = fields.querySelector(".wrap-up");
  if (!shown || shown.dataset.callId !== String(callId)) return false;
  const given = await ask("wrap-up-dialog", {
    about: callId,
    check: (values) => {
      if (!values.disposition) return t("请选处理结果。");
      return promises(values) && !values.callback_at ? t("请填写回拨时间。") : null;
    },
    send: (values) => inSafeHours((moved) => put(`/api/v1/calls/${callId}/wrap-up`, {
      ...Object.fromEntries(KEPT.map((name) => [name, values[name] || ""])), seen: Number(shown.dataset.version),
      callback_at: promises(values) && values.callback_at !== when().defaultValue ? (moved ? moved.from : `${values.callback_at}:00+08:00`) : null,
    })),
  });
  if (!given) return false;
  toast(t("整理已保存。"));
  return true;
}
