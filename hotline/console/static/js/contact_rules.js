// How a caller wants to be called back: written down with one key, shown to whoever is about to call.
import { put } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const button = () => document.querySelector("[data-contact-rules]");

const bodyOf = (values) => ({
  safe_from: values.safe_from || null,
  safe_until: values.safe_until || null,
  no_sms: Boolean(values.no_sms),
  other_number: values.other_number.trim() || null,
  note: values.note.trim() || null,
});

function wrong(values) {
  if (Boolean(values.safe_from) !== Boolean(values.safe_until)) return t("安全时段要有开始和结束。");
  return values.safe_from && values.safe_from === values.safe_until ? t("安全时段的结束不能与开始相同。") : null;
}

async function write() {
  const shown = button();
  if (!shown) return;
  const { contactRules: id, safeFrom, safeUntil, noSms, otherNumber, note } = shown.dataset;
  const given = ask("contact-rules-dialog", {
    about: id, check: wrong, send: (values) => put(`/api/v1/calls/${id}/contact-rules`, bodyOf(values)),
  });
  const { elements } = document.querySelector("#contact-rules-dialog form");
  elements.safe_from.value = safeFrom;
  elements.safe_until.value = safeUntil;
  elements.no_sms.checked = Boolean(noSms);
  elements.other_number.value = otherNumber;
  elements.note.value = note;
  const answer = await given;
  if (answer) toast(Object.values(bodyOf(answer)).some(Boolean) ? t("已登记回拨须知。") : t("已撤销回拨须知。"));
}

export function startContactRules() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-contact-rules]")) write();
  });
  onKey("i", t("登记回拨须知（安全时段、不发短信、改拨号码）"), write, { when: button });
  onKey("Alt+i", null, write, { inFields: true, when: button });
}
