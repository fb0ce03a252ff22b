// A roster file: what it would add and take away, which rows cannot be used; then taken.
import { t } from "./language.js";
import { badRows, lines, startPreview } from "./previews.js";
import { toast } from "./toasts.js";

function when(each) {
  const form = { hour12: false, timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  return [each.start, each.end].map((text) => new Date(text).toLocaleString("zh-CN", form)).join(" — ");
}

// page: {labelOf(queue), applied()}; what opens the dialog comes back.
export function startFiles(page) {
  const shift = (each) => `${page.labelOf(each.queue)} ${each.name} ${when(each)}`;
  return startPreview({
    path: "/api/v1/rosters/import",
    query: (form) => ({
      ...(form.elements.queue.value ? { queue: form.elements.queue.value } : {}),
      ...(form.elements.replace.checked ? { replace: "yes" } : {}),
    }),
    show: (answer, outcome) => {
      const summary = document.createElement("p");
      summary.textContent = t("新增 {added}，删去 {removed}，已有 {standing}，{bad} 行不能用", {
        added: answer.added_count, removed: answer.removed_count, standing: answer.standing, bad: answer.rejected.length,
      });
      outcome.append(
        summary,
        ...badRows(answer),
        ...lines(t("同一人同一组重叠"), answer.overlaps.map((each) => `${each.name} ${when(each)}`)),
        ...lines(t("将删去"), answer.removed.map(shift)),
        ...lines(t("将新增"), answer.added.map(shift)),
      );
      return answer.added_count + answer.removed_count > 0;
    },
    done: (answer) => {
      toast(t("已导入：新增 {added} 个班次，删去 {removed} 个。", { added: answer.added_count, removed: answer.removed_count }));
      page.applied();
    },
  });
}
