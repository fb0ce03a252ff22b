// Forms that are sent as JSON: the problem stands in the form, and nothing typed is lost by it.
import { dropForm } from "./drafts.js";
import { explain } from "./explaining.js";

export function whenSent(form, send) {
  if (!form) return;
  const problem = form.querySelector(".problem");
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    problem.hidden = true;
    try {
      await send(Object.fromEntries(new FormData(form)), event.submitter ? event.submitter.value : "");
      dropForm(form);
    } catch (error) {
      explain(form, problem, error);
    } finally {
      sending = false;
    }
  });
}
