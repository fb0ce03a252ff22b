// Walls: registered by the code that stands on them, ended here.
import { post } from "./api.js";
import { dropForm } from "./drafts.js";
import { explain } from "./explaining.js";
import { showProblem } from "./toasts.js";

const form = document.getElementById("display-form");
const problem = form.querySelector(".problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { code, name, days } = form.elements;
  try {
    await post("/api/v1/displays", { code: code.value, name: name.value, days: Number(days.value) });
    dropForm(form);
    location.reload();
  } catch (error) {
    explain(form, problem, error);
  }
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-end]");
  if (!button) return;
  button.disabled = true;
  try {
    await post(`/api/v1/displays/${button.dataset.end}/end`);
    location.reload();
  } catch (error) {
    button.disabled = false;
    showProblem(error);
  }
});
