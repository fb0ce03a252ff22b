// Finding calls, on the page of its own and in the dialog that / opens over any page; a number asks for the reason first.
import { askReason } from "./access.js";
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

function found(answer) {
  if (!answer.count) return t("没有找到。可以换一个词，或少写一个词。");
  return answer.more
    ? t("找到 {count} 条以上，只列最近的；加一个词可缩小范围。", { count: answer.count })
    : t("找到 {count} 条。", { count: answer.count });
}

function startForm(form) {
  const part = (name) => document.getElementById(`${form.dataset.find}-${name}`);
  const problem = form.querySelector(".problem");
  const [state, table, rows] = [part("state"), part("table"), part("rows")];

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const q = form.elements.q.value.trim();
    if (!q) return;
    problem.hidden = true;
    state.textContent = t("查找中…");
    try {
      let answer = await post("/console/search", { q });
      if (answer.kind === "reason") {
        state.textContent = "";
        answer = null;
        await askReason(t("按号码查找"), async (why) => { answer = await post("/console/search", { q, ...why }); });
      }
      if (!answer) return;
      // rendered by the service, which escapes what callers said
      rows.innerHTML = answer.html;
      table.hidden = !answer.count;
      state.textContent = found(answer);
    } catch (error) {
      state.textContent = "";
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });

  return (event) => {
    const links = [...rows.querySelectorAll("a")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (at < 0) form.elements.q.focus();
    else links[Math.min(links.length - 1, at)].focus();
  };
}

export function startFinding() {
  const page = document.getElementById("search-form");
  const dialog = document.getElementById("find-dialog");
  if (page) {
    onKey("/", t("到查找框"), () => page.elements.q.select());
    onKey(["ArrowDown", "ArrowUp"], t("在结果中上下移动"), startForm(page), { repeats: true, inFields: true });
  } else if (dialog) {
    const form = document.getElementById("find-form");
    const move = startForm(form);
    const open = () => {
      dialog.showModal();
      form.elements.q.select();
    };
    onKey("/", t("查找来电"), open, { last: true });
    onKey("Ctrl+k", t("查找来电（在任何页面）"), open, { inFields: true });
    onKey(["ArrowDown", "ArrowUp"], null, move, { dialog: "find-dialog", repeats: true, inFields: true });
    document.getElementById("find-button").addEventListener("click", open);
  }
}
