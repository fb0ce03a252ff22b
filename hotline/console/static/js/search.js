// Finding calls; a number asks for the reason first.
import { askReason } from "./access.js";
import { post } from "./api.js";
import { onKey } from "./keys.js";

const form = document.getElementById("search-form");
const problem = form.querySelector(".problem");
const state = document.getElementById("search-state");
const table = document.getElementById("search-table");
const rows = document.getElementById("search-rows");

function show(found) {
  // rendered by the service, which escapes what callers said
  rows.innerHTML = found.html;
  table.hidden = !found.count;
  state.textContent = found.count
    ? `找到 ${found.count}${found.more ? " 条以上，只列最近的；加一个词可缩小范围" : " 条"}。`
    : "没有找到。可以换一个词，或少写一个词。";
}

async function find(event) {
  event.preventDefault();
  const q = form.elements.q.value.trim();
  if (!q) return;
  problem.hidden = true;
  state.textContent = "查找中…";
  try {
    let found = await post("/console/search", { q });
    if (found.kind === "reason") {
      state.textContent = "";
      found = null;
      await askReason("按号码查找", async (why) => { found = await post("/console/search", { q, ...why }); });
    }
    if (found) show(found);
  } catch (error) {
    state.textContent = "";
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

form.addEventListener("submit", find);
onKey("/", "到查找框", () => form.elements.q.select());
onKey(["ArrowDown", "ArrowUp"], "在结果中上下移动", (event) => {
  const links = [...rows.querySelectorAll("a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  links[Math.min(links.length - 1, Math.max(0, at))].focus();
}, { repeats: true, inFields: true });
