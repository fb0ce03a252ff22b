// A file that is looked at before it is taken: preview, what would change, then the same file again with its mark.
import { request } from "./api.js";
import { t } from "./language.js";

export function lines(title, texts) {
  if (!texts.length) return [];
  const head = document.createElement("h3");
  head.textContent = `${title}（${texts.length}）`;
  const items = document.createElement("ul");
  for (const text of texts) items.append(Object.assign(document.createElement("li"), { textContent: text }));
  return [head, items];
}

export const badRows = (answer) => lines(
  t("不能用的行"), answer.rejected.map((row) => `${row.row} ${row.field}：${row.reason}`),
);

// path: where the file goes; show(answer, outcome): its words, true where it may be taken; apply(file): how it is taken,
// where not by sending it again with the preview's mark; done(answer).
export function startPreview({ path, query, show, apply: take = null, done }) {
  const dialog = document.getElementById("import-dialog");
  const form = document.getElementById("import-form");
  const apply = document.getElementById("apply-import");
  const outcome = document.getElementById("import-outcome");
  const problem = form.querySelector(".problem");
  let seen = null;

  async function send(more) {
    const file = form.elements.file.files[0];
    const asked = new URLSearchParams({ ...query(form), ...more });
    const type = file.name.toLowerCase().endsWith(".ics") ? "text/calendar" : "application/octet-stream";
    return request("POST", `${path}?${asked}`, new Blob([await file.arrayBuffer()], { type }));
  }

  function refuse(error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    outcome.textContent = t("读取中…");
    outcome.hidden = false;
    try {
      seen = await send({ preview: "yes" });
      outcome.replaceChildren();
      apply.disabled = !show(seen, outcome);
      if (!apply.disabled) apply.focus();
    } catch (error) {
      outcome.hidden = true;
      refuse(error);
    }
  });
  form.addEventListener("change", () => { apply.disabled = true; });
  // Enter on a file field opens the browser's own chooser
  form.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit();
  });
  apply.addEventListener("click", async () => {
    apply.disabled = true;
    problem.hidden = true;
    try {
      const answer = await (take ? take(form.elements.file.files[0]) : send({ mark: seen.mark }));
      dialog.close();
      done(answer);
    } catch (error) {
      apply.disabled = false;
      refuse(error);
    }
  });
  return function open() {
    outcome.hidden = true;
    problem.hidden = true;
    apply.disabled = true;
    dialog.showModal();
    form.elements.file.focus();
  };
}
