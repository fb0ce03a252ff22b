// Other periods: entered line by line, counted before they can be published, since what is past them is erased for good.
import { post } from "./api.js";
import { ask } from "./dialogs.js";
import { t } from "./language.js";
import { bar, streamed } from "./streaming.js";

const form = document.querySelector("#periods-dialog form");
const inputs = form ? Array.from(form.querySelectorAll("[data-part]")) : [];
const state = document.getElementById("tried-state");
const progress = document.getElementById("tried-progress");
const tryButton = document.getElementById("try-periods");
let counted = null;
let counting = false;

const periods = () => inputs.filter((each) => each.value !== "").map((each) => ({
  line: each.dataset.line === "*" ? null : each.dataset.line, part: each.dataset.part, days: Number(each.value),
}));

function ready() {
  form.querySelector("[type=submit]").disabled = counted !== JSON.stringify(periods());
}

function forget() {
  if (counted === JSON.stringify(periods())) return;
  counted = null;
  state.textContent = t("改动后请先试算，再发布。");
  for (const place of form.querySelectorAll("[data-tried]")) place.textContent = "";
  ready();
}

async function tryOut() {
  if (counting || inputs.some((each) => !each.reportValidity())) return;
  counting = true;
  const tried = periods();
  const told = bar(progress, (now) => t("已算 {done} 条规则，共 {total} 条", now));
  try {
    const { items } = await streamed("POST", "/api/v1/retention/count", { periods: tried }, told);
    if (JSON.stringify(periods()) !== JSON.stringify(tried)) return;
    counted = JSON.stringify(tried);
    for (const each of items) {
      const place = form.querySelector(`[data-tried="${each.line}:${each.part}"]`);
      place.textContent = t("{due} 通到期", { due: each.due });
      place.className = each.due ? "due short" : "due muted";
    }
    const due = items.reduce((sum, each) => sum + each.due, 0);
    state.textContent = due ? t("照此发布，下一轮会删除 {due} 处内容，不能恢复。", { due }) : t("照此发布，现在没有到期内容。");
  } catch (error) {
    state.textContent = error.message;
  } finally {
    counting = false;
    progress.hidden = true;
    ready();
  }
}

export async function editPeriods() {
  counted = null;
  queueMicrotask(() => {
    for (const each of inputs) each.value = each.dataset.now;
    forget();
    inputs[0].focus();
  });
  const published = await ask("periods-dialog", {
    about: form.dataset.base,
    check: () => (counted === JSON.stringify(periods()) ? null : t("改动后请先试算，再发布。")),
    send: (given) => post("/api/v1/retention", {
      periods: periods(), rejects_days: Number(given.rejects_days), note: given.note, base_version: form.dataset.base,
    }),
  });
  if (published) location.reload();
}

if (form) {
  form.addEventListener("input", (event) => { if (event.target.dataset.part) forget(); });
  form.addEventListener("taken-up", forget);
  tryButton.addEventListener("click", tryOut);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "F9") return;
    event.preventDefault();
    tryOut();
  });
}
