// Writing a notice, taking one down.
import { post } from "./api.js";
import { takeUpDraft } from "./drafts.js";
import { whenSent } from "./forms.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { showProblem } from "./toasts.js";

const SHANGHAI_MS = 8 * 3600 * 1000;
const SHIFT_MS = 12 * 3600 * 1000;
const form = document.getElementById("notice-form");
const local = (ms) => new Date(ms + SHANGHAI_MS).toISOString().slice(0, 16);

form.elements.starts_at.value = local(Date.now());
form.elements.ends_at.value = local(Date.now() + SHIFT_MS);
takeUpDraft(form);

whenSent(form, async (values) => {
  await post("/api/v1/notices", {
    body: values.body,
    roles: new FormData(form).getAll("roles"),
    queue: values.queue || null,
    starts_at: `${values.starts_at}:00+08:00`,
    ends_at: `${values.ends_at}:00+08:00`,
  });
  location.reload();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-withdraw]");
  if (!button) return;
  try {
    await post(`/api/v1/notices/${button.dataset.withdraw}/withdraw`);
    location.reload();
  } catch (error) {
    showProblem(error);
  }
});

onKey("Ctrl+Enter", t("发布通知"), () => form.requestSubmit(), { inFields: true });
