// A file that is looked at before it is taken: preview, what would change, then the same file again with its mark.
import { t } from "./language.js";
import { bar, streamed } from "./streaming.js";

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
  const progress = document.getElementById("import-progress");
  let seen = null;
  let busy = false;

  async function send(more) {
    const file = form.elements.file.files[0];
    const asked = new URLSearchParams({ ...query(form), ...more });
    const type = file.name.toLowerCase().endsWith(".ics") ? "text/calendar" : "application/octet-stream";
    const told = bar(progress, (now) => (now.total ? t("已读 {done} / {total} 行", now) : t("读取中…")));
    return streamed("POST", `${path}?${asked}`, new Blob([await file.arrayBuffer()], { type }), told);
  }

  // one thing at a time; the bar goes with the outcome
  async function during(work) {
    if (busy) return;
    busy = true;
    problem.hidden = true;
    try {
      await work();
    } catch (error) {
      refuse(error);
    } finally {
      busy = false;
      progress.hidden = true;
    }
  }

  function refuse(error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(async () => {
      outcome.hidden = true;
      apply.disabled = true;
      seen = await send({ preview: "yes" });
      outcome.replaceChildren();
      outcome.hidden = false;
      apply.disabled = !show(seen, outcome);
      if (!apply.disabled) apply.focus();
    });
  });
  form.addEventListener("change", () => { apply.disabled = true; });
  // Enter on a file field opens the browser's own chooser
  form.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit();
  });
  apply.addEventListener("click", () => during(async () => {
    apply.disabled = true;
    try {
      const answer = await (take ? take(form.elements.file.files[0]) : send({ mark: seen.mark }));
      dialog.close();
      done(answer);
    } catch (error) {
      apply.disabled = false;
      throw error;
    }
  }));
  return function open() {
    outcome.hidden = true;
    problem.hidden = true;
    apply.disabled = true;
    dialog.showModal();
    form.elements.file.focus();
  };
}
