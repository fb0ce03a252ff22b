// Lists of sessions: the button of a row ends it.
import { post } from "./api.js";
import { t } from "./language.js";
import { showProblem, toast } from "./toasts.js";

export function startSessionLists() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-end-session]");
    if (!button) return;
    button.disabled = true;
    try {
      await post(button.dataset.endSession);
      button.closest("tr").remove();
      toast(t("会话已结束。"));
    } catch (error) {
      button.disabled = false;
      showProblem(error);
    }
  });
}
