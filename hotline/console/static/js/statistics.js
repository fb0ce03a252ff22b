// Today at a glance: fetched anew a little after something happened; definitions on D; set-aside readings repeated.
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { fill, paced } from "./panes.js";
import { showProblem } from "./toasts.js";

const target = document.getElementById("glance");
const dialog = document.getElementById("definitions");

// at once when something happened, and not with every event of a busy hour
const SOON_MS = 200;
const PAUSE_MS = 3000;
const again = paced(() => fill(target, "/console/statistics/glance"), SOON_MS, PAUSE_MS);

onEvent((kind) => {
  if (kind !== "presence_changed") again();
});
onOpen(again);

function showDefinitions() {
  const rows = document.getElementById("definition-rows").content.cloneNode(true);
  dialog.querySelector("tbody").replaceChildren(rows);
  dialog.showModal();
  // the button that gets the focus stands at the end
  for (const part of [dialog, dialog.querySelector("article")]) part.scrollTop = 0;
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-definitions]")) showDefinitions();
  const button = event.target.closest("[data-repeat]");
  if (!button) return;
  try {
    await post(`/api/v1/calls/${button.dataset.repeat}/triage`);
    button.disabled = true;
    button.textContent = t("已重新排入");
  } catch (error) {
    showProblem(error);
  }
});
onKey("d", t("口径"), showDefinitions);
onKey("2", t("分流统计"), () => location.assign("/statistics/routing"));
