// A roster file: looked at first, with what would change and which rows cannot be used; then taken.
import { request } from "./api.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

function list(title, lines) {
  if (!lines.length) return [];
  const head = document.createElement("h3");
  head.textContent = `${title}（${lines.length}）`;
  const items = document.createElement("ul");
  for (const line of lines) items.append(Object.assign(document.createElement("li"), { textContent: line }));
  return [head, items];
}

function when(each) {
  const form = { hour12: false, timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  return [each.start, each.end].map((text) => new Date(text).toLocaleString("zh-CN", form)).join(" — ");
}

// page: {labelOf(queue), applied()}
export function startFiles(page) {
  const dialog = document.getElementById("import-dialog");
  const form = document.getElementById("import-form");
  const apply = document.getElementById("apply-import");
  const outcome = document.getElementById("import-outcome");
  const problem = form.querySelector(".problem");
  let seen = null;

  async function send(options) {
    const file = form.elements.file.files[0];
    const query = new URLSearchParams(options);
    if (form.elements.queue.value) query.set("queue", form.elements.queue.value);
    if (form.elements.replace.checked) query.set("replace", "yes");
    const calendar = file.name.toLowerCase().endsWith(".ics");
    const body = new Blob([await file.arrayBuffer()], { type: calendar ? "text/calendar" : "application/octet-stream" });
    return request("POST", `/api/v1/rosters/import?${query}`, body);
  }

  function show(answer) {
    const shift = (each) => `${page.labelOf(each.queue)} ${each.name} ${when(each)}`;
    const summary = document.createElement("p");
    summary.append(Object.assign(document.createElement("strong"), {
      textContent: t("新增 {added}，删去 {removed}，已有 {standing}，{bad} 行不能用", {
        added: answer.added_count, removed: answer.removed_count, standing: answer.standing, bad: answer.rejected.length,
      }),
    }));
    outcome.replaceChildren(
      summary,
      ...list(t("不能用的行，改正后再导入；其余照常导入"), answer.rejected.map((row) => `${row.row} ${row.field}：${row.reason}`)),
      ...list(t("同一人同一组重叠"), answer.overlaps.map((each) => `${each.name} ${when(each)}`)),
      ...list(t("将删去"), answer.removed.map(shift)),
      ...list(t("将新增"), answer.added.map(shift)),
    );
    outcome.hidden = false;
    apply.disabled = answer.added_count + answer.removed_count === 0;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    outcome.textContent = t("读取中…");
    outcome.hidden = false;
    try {
      seen = await send({ preview: "yes" });
      show(seen);
      if (!apply.disabled) apply.focus();
    } catch (error) {
      outcome.hidden = true;
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  form.addEventListener("change", () => { apply.disabled = true; });
  apply.addEventListener("click", async () => {
    apply.disabled = true;
    try {
      const done = await send({ mark: seen.mark });
      toast(t("已导入：新增 {added} 个班次，删去 {removed} 个。", { added: done.added_count, removed: done.removed_count }));
      dialog.close();
      page.applied();
    } catch (error) {
      apply.disabled = false;
      problem.textContent = error.message;
      problem.hidden = false;
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
