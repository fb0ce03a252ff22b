// Exports: asked for, agreed to, followed while they are made, fetched.
import { post } from "./api.js";
import { dropForm, takeUpDraft } from "./drafts.js";
import { explain } from "./explaining.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { fill, soon } from "./panes.js";
import { everySecond } from "./ticking.js";
import { showProblem, toast } from "./toasts.js";

const form = document.getElementById("export-form");
const list = document.getElementById("export-list");
const problem = document.getElementById("export-problem");
const DAY_MS = 86400 * 1000;

const day = (offset) => new Date(Date.now() + 8 * 3600 * 1000 + offset * DAY_MS).toISOString().slice(0, 10);
const read = () => fill(list, "/console/statistics/exports");
const again = soon(read, 200);

onEvent((kind) => {
  if (kind === "export_changed") again();
});
onOpen(again);
// progress is no event; it is looked at only while something is being made
everySecond(() => {
  if (list.querySelector('[data-state="queued"], [data-state="running"]')) again();
});

// Only what fits the kind of export is asked for.
function fit() {
  const what = form.elements.what.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(what);
  const allowed = { report: ["pdf", "xlsx"], routing: ["xlsx", "csv"], indicators: ["xlsx", "csv"], calls: ["xlsx", "csv"] }[what];
  for (const option of form.elements.form.options) option.disabled = !allowed.includes(option.value);
  if (!allowed.includes(form.elements.form.value)) [form.elements.form.value] = allowed;
  document.getElementById("compare-period").hidden = form.elements.compare.value !== "period" || !["routing", "report"].includes(what);
  for (const option of form.elements.by.options) option.hidden = what === "indicators" && !("indicators" in option.dataset);
}

function start() {
  const query = new URLSearchParams(location.search);
  form.elements.from.value = query.get("from") || day(-6);
  form.elements.until.value = query.get("until") || day(0);
  for (const name of ["what", "form", "line", "route", "compare", "compare_from", "compare_until"]) if (query.get(name)) form.elements[name].value = query.get(name);
  for (const option of form.elements.by.options) option.selected = query.getAll("by").includes(option.value);
  // a link that says what to export counts more than what was left here
  if (!location.search) takeUpDraft(form);
  fit();
}

const nextDay = (text) => new Date(Date.parse(`${text}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

function compareIn(query) {
  const { compare, compare_from: from, compare_until: until } = form.elements;
  if (compare.value === "none") return;
  query.set("compare", compare.value);
  if (compare.value !== "period") return;
  if (from.value) query.set("compare_from", from.value);
  if (until.value) query.set("compare_to", nextDay(until.value));
}

async function ask() {
  const { what, from, until, line, route, by, reason, note, unmasked } = form.elements;
  const query = new URLSearchParams({ from: from.value, to: nextDay(until.value) });
  if (what.value !== "indicators") for (const field of [line, route]) if (field.value) query.set(field.name, field.value);
  if (what.value === "routing" || what.value === "report") compareIn(query);
  const body = { what: what.value, form: form.elements.form.value, query: String(query) };
  if (what.value === "routing" || what.value === "indicators") body.by = Array.from(by.selectedOptions).filter((option) => !option.hidden).map((option) => option.value);
  if (what.value === "calls") Object.assign(body, { reason: reason.value || null, note: note.value || null, unmasked: unmasked.checked });
  problem.hidden = true;
  try {
    const made = await post("/api/v1/exports", body);
    dropForm(form);
    toast(made.state === "asked" ? t("已申请，等另一名管理者同意。") : t("已申请，正在生成。"));
    read();
  } catch (error) {
    explain(form, problem, error);
  }
}

form.addEventListener("change", fit);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  button.disabled = true;
  try {
    await post(`/api/v1/exports/${button.closest("[data-job]").dataset.job}/${button.dataset.act}`);
  } catch (error) {
    showProblem(error);
  }
  read();
});
onKey("Ctrl+Enter", t("申请导出"), () => form.requestSubmit(), { inFields: true });
start();
