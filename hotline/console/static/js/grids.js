// The tree of grids: opened and walked by keys, found by words; imports with a preview.
import { get } from "./api.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { badRows, lines, startPreview } from "./previews.js";
import { toast } from "./toasts.js";

const tree = document.getElementById("tree");
const detail = document.getElementById("grid-detail");
const search = document.getElementById("grid-search");
const roles = JSON.parse(document.getElementById("grid-page").dataset.roles);
const FOUND_AT_MOST = 200;
let known = new Map();
let children = new Map();
let serving = [];
let levels = {};
const open = new Set();

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

const covers = (code, below) => below === code || below.startsWith(`${code}.`);

function item(grid, depth) {
  const below = children.get(grid.code) || [];
  const entry = make("li", "");
  entry.setAttribute("role", "treeitem");
  entry.tabIndex = -1;
  entry.dataset.code = grid.code;
  entry.setAttribute("aria-selected", "false");
  entry.setAttribute("aria-level", String(depth + 1));
  if (below.length) entry.setAttribute("aria-expanded", String(open.has(grid.code)));
  const node = make("div", `node depth-${Math.min(depth, 5)}`);
  const used = [grid.waiting ? t("等候 {count}", { count: grid.waiting }) : "", grid.calls ? t("来电 {count}", { count: grid.calls }) : ""];
  node.append(
    make("span", "twist", below.length ? (open.has(grid.code) ? "▾" : "▸") : ""), make("span", "", grid.name),
    make("span", "code", grid.code), make("span", "level", levels[grid.level]), make("span", "used", used.filter(Boolean).join(" ")),
  );
  entry.append(node);
  if (below.length && open.has(grid.code)) {
    const list = make("ul", "");
    list.setAttribute("role", "group");
    for (const each of below) list.append(item(each, depth + 1));
    entry.append(list);
  }
  return entry;
}

function draw(focus) {
  const words = search.value.trim().toLowerCase();
  let entries;
  if (words) {
    const hits = [...known.values()].filter((grid) => [grid.name, grid.code, grid.responsible || ""].some((text) => text.toLowerCase().includes(words)));
    entries = hits.slice(0, FOUND_AT_MOST).map((grid) => item(grid, 0));
    if (!hits.length) entries = [make("li", "blank blank-empty", t("没有找到，换个词试试。"))];
  } else entries = (children.get(null) || []).map((grid) => item(grid, 0));
  if (!known.size) entries = [make("li", "blank blank-empty", t("还没有网格。导入一张 Excel 表：编码、名称、上级编码、级别。"))];
  tree.replaceChildren(...entries);
  const first = tree.querySelector(focus ? `[data-code="${CSS.escape(focus)}"]` : '[role="treeitem"]');
  if (first) {
    first.tabIndex = 0;
    if (focus) choose(first);
  }
}

const visible = () => [...tree.querySelectorAll('[role="treeitem"]')];

function choose(entry) {
  for (const each of visible()) {
    each.tabIndex = each === entry ? 0 : -1;
    each.setAttribute("aria-selected", String(each === entry));
  }
  entry.focus();
  entry.scrollIntoView({ block: "nearest" });
  tell(known.get(entry.dataset.code));
}

function tell(grid) {
  const list = make("dl", "pairs");
  const pair = (term, text) => list.append(make("dt", "", term), make("dd", "", text));
  const above = [];
  for (let code = grid.parent; code; code = known.get(code) ? known.get(code).parent : null) above.unshift(known.get(code).name);
  pair(t("编码"), grid.code);
  pair(t("级别"), levels[grid.level]);
  if (above.length) pair(t("上级"), above.join(" › "));
  pair(t("负责人"), grid.responsible || "—");
  pair(t("调解组"), grid.mediator_group ? `${grid.mediator_group}${grid.own_group ? "" : t("（沿用上级）")}` : "—");
  pair(t("下级网格"), String((children.get(grid.code) || []).length));
  const inside = [...known.values()].filter((each) => covers(grid.code, each.code));
  pair(t("来电（含下级）"), String(inside.reduce((sum, each) => sum + each.calls, 0)));
  pair(t("正在等候（含下级）"), String(inside.reduce((sum, each) => sum + each.waiting, 0)));
  const people = serving.filter((each) => each.grids.some((code) => covers(code, grid.code)));
  detail.replaceChildren(make("h2", "", grid.name), list, make("h3", "", t("分流时优先由他们接")));
  if (!people.length) detail.append(make("p", "muted", t("没有人专管这里：不限网格的坐席都可接。")));
  else {
    const names = make("ul", "points");
    for (const each of people) names.append(make("li", "", `${each.name}（${roles[each.role]}）`));
    detail.append(names);
  }
}

function toggle(entry, wanted) {
  const { code } = entry.dataset;
  if (wanted) open.add(code);
  else open.delete(code);
  draw(code);
}

const KEYS = {
  ArrowDown: (entry, all) => all[all.indexOf(entry) + 1],
  ArrowUp: (entry, all) => all[all.indexOf(entry) - 1],
  Home: (entry, all) => all[0],
  End: (entry, all) => all[all.length - 1],
};

tree.addEventListener("keydown", (event) => {
  const entry = event.target.closest('[role="treeitem"]');
  if (!entry || event.ctrlKey || event.altKey) return;
  const expanded = entry.getAttribute("aria-expanded");
  if (KEYS[event.key]) {
    event.preventDefault();
    const next = KEYS[event.key](entry, visible());
    if (next) choose(next);
  } else if (event.key === "ArrowRight") {
    event.preventDefault();
    if (expanded === "false") toggle(entry, true);
    else if (expanded === "true") choose(entry.querySelector('[role="treeitem"]'));
  } else if (event.key === "ArrowLeft") {
    event.preventDefault();
    const above = entry.parentElement.closest('[role="treeitem"]');
    if (expanded === "true") toggle(entry, false);
    else if (above) choose(above);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    if (expanded) toggle(entry, expanded === "false");
  }
});

tree.addEventListener("click", (event) => {
  const entry = event.target.closest('[role="treeitem"]');
  if (!entry) return;
  if (event.target.closest(".twist") && entry.hasAttribute("aria-expanded")) toggle(entry, entry.getAttribute("aria-expanded") === "false");
  else choose(entry);
});
search.addEventListener("input", () => draw());
search.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "Enter") return;
  event.preventDefault();
  const first = tree.querySelector('[role="treeitem"]');
  if (first) choose(first);
});

async function load() {
  try {
    const answer = await get("/api/v1/grids");
    known = new Map(answer.grids.map((grid) => [grid.code, grid]));
    children = new Map();
    for (const grid of answer.grids) children.set(grid.parent, [...(children.get(grid.parent) || []), grid]);
    ({ serving, levels } = answer);
    for (const grid of answer.grids) if (["region"].includes(grid.level)) open.add(grid.code);
    document.getElementById("grid-count").textContent = t("共 {count} 个", { count: answer.grids.length });
    recovered(detail);
    draw();
  } catch (error) {
    failed(detail, error.message, load, true);
  }
}

const openImport = startPreview({
  path: "/api/v1/grids/import",
  query: (form) => (form.elements.keep.value ? { keep: "yes" } : {}),
  show: (answer, outcome) => {
    const named = (each) => `${each.code} ${each.name}（${each.level}）`;
    outcome.append(make("p", "", t("新增 {added}，改动 {changed}，删去或停用 {removed}，不变 {same}，{bad} 行不能用", {
      added: answer.added_count, changed: answer.changed_count, removed: answer.removed_count, same: answer.same, bad: answer.rejected.length,
    })));
    if (answer.blocked) outcome.append(make("p", "problem", t("有行不能用：以表为准导入会误删它们的网格。请改正后重新预览，或选“保留”。")));
    outcome.append(
      ...badRows(answer),
      ...lines(t("将删去（有来电的停用）"), answer.removed.map((each) => named(each) + (each.calls ? t("，{calls} 通来电", { calls: each.calls }) : ""))),
      ...lines(t("将改动"), answer.changed.map((each) => `${named(each)} ${each.fields.map((field) => `${field.field}：${field.before || "—"} → ${field.after || "—"}`).join("；")}`)),
      ...lines(t("将新增"), answer.added.map(named)),
    );
    return !answer.blocked && answer.added_count + answer.changed_count + answer.removed_count > 0;
  },
  done: (answer) => {
    toast(t("已导入：新增 {added}，改动 {changed}，删去或停用 {removed}。", { added: answer.added_count, changed: answer.changed_count, removed: answer.removed_count }));
    load();
  },
});
document.getElementById("open-import").addEventListener("click", openImport);
onKey("i", t("导入网格"), openImport);
onKey("/", t("查找网格"), () => search.focus());
onKey(["ArrowUp", "ArrowDown"], t("上一个、下一个网格；→ 展开，← 收起"), () => {}, { when: () => false });
load();
