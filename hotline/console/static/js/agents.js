// Skills, grids and languages by which calls find people.
import { put } from "./api.js";
import { dropForm, keepForm } from "./drafts.js";
import { explain } from "./explaining.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const dialog = document.getElementById("skills-dialog");
const form = document.getElementById("skills-form");
const problem = form.querySelector(".problem");
const split = (text) => text.split(/[,，、\s]+/).filter(Boolean);
let edited = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-skills]");
  if (!button) return;
  edited = button.dataset.skills;
  const value = JSON.parse(button.dataset.value);
  form.reset();
  for (const box of form.querySelectorAll('[name="skills"]')) box.checked = value.skills.includes(box.value);
  form.elements.grids.value = value.grids.join("，");
  form.elements.languages.value = value.languages.join("，");
  // who is in a group that the tree no longer names stays in it until another is chosen
  const group = form.elements.mediator_group;
  if (value.group && !Array.from(group.options).some((option) => option.value === value.group)) group.add(new Option(value.group));
  group.value = value.group;
  document.getElementById("group-field").hidden = button.dataset.role !== "mediator";
  problem.hidden = true;
  document.getElementById("skills-title").textContent = `${t("专长与网格")}：${button.dataset.name}`;
  keepForm(form, edited);
  dialog.showModal();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = new FormData(form);
  try {
    await put(`/api/v1/users/${edited}/agent`, {
      skills: values.getAll("skills"), grids: split(values.get("grids")), languages: split(values.get("languages")),
      mediator_group: values.get("mediator_group") || null,
    });
    dropForm(form);
    location.reload();
  } catch (error) {
    explain(form, problem, error);
  }
});

const search = document.getElementById("agent-search");
const role = document.getElementById("agent-role");

function filter() {
  const words = search.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("#agents tbody tr")) {
    row.hidden = (words && !row.textContent.toLowerCase().includes(words)) || (role.value && row.dataset.role !== role.value);
  }
}

search.addEventListener("input", filter);
role.addEventListener("change", filter);
onKey("/", t("查找坐席"), () => search.focus());
