// Organisations: found, added, renamed, retired; who works for them. Walked by arrows, drawn anew after each change.
import { get, post, put } from "./api.js";
import { ask } from "./dialogs.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { choosePeople } from "./organisation_people.js";
import { showProblem, toast } from "./toasts.js";

const page = document.getElementById("organisation-page");
const kinds = JSON.parse(page.dataset.kinds);
const roles = JSON.parse(page.dataset.roles);
const CITY = Number(page.dataset.city);
const me = Number(page.dataset.me);
const body = document.querySelector("#organisations tbody");
const blank = document.getElementById("organisation-blank");
const detail = document.getElementById("organisation-detail");
const search = document.getElementById("organisation-search");
const kind = document.getElementById("organisation-kind");
let all = [];
let people = [];
let chosen = null;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

const of = (id) => all.find((each) => each.id === id);
const working = (id) => people.filter((person) => person.org_id === id);

function shown() {
  const words = search.value.trim().toLowerCase();
  return all.filter((each) => (!kind.value || each.kind === kind.value) && (!words
    || [each.name, each.code, ...each.aliases, ...working(each.id).map((person) => person.display_name)].some((text) => text.toLowerCase().includes(words))));
}

function draw() {
  const rows = shown();
  body.replaceChildren(...rows.map((each) => {
    const row = make("tr", each.retired_at ? "retired" : "");
    row.dataset.id = each.id;
    const name = make("th");
    name.scope = "row";
    const open = make("button", "quiet row-name", each.name);
    open.type = "button";
    open.tabIndex = each.id === chosen ? 0 : -1;
    name.append(open);
    if (each.retired_at) name.append(" ", make("span", "tag tag-plain", t("已停用")));
    row.append(name, make("td", "", kinds[each.kind]), make("td", "mono", each.code),
      ...[each.people, each.articles, each.addressed].map((n) => make("td", "number", n ? String(n) : "—")));
    return row;
  }));
  blank.replaceChildren(...(rows.length ? [] : [make("p", "blank blank-empty", t("没有符合条件的单位。"))]));
  document.getElementById("organisation-count").textContent = t("{found} 个，共 {all} 个", { found: rows.length, all: all.length });
  if (!rows.some((each) => each.id === chosen)) chosen = rows.length ? rows[0].id : null;
  mark();
}

function mark(focus = false) {
  for (const row of body.rows) {
    const here = Number(row.dataset.id) === chosen;
    row.classList.toggle("chosen", here);
    const name = row.querySelector(".row-name");
    name.tabIndex = here ? 0 : -1;
    if (here) {
      name.setAttribute("aria-current", "true");
      if (focus) name.focus();
      row.scrollIntoView({ block: "nearest" });
    } else name.removeAttribute("aria-current");
  }
  tell();
}

function button(text, key, action, className = "secondary") {
  const element = make("button", className, text);
  element.type = "button";
  if (key) element.append(" ", make("kbd", "", key));
  element.addEventListener("click", action);
  return element;
}

function tell() {
  const each = chosen === null ? null : of(chosen);
  if (!each) {
    detail.replaceChildren(make("p", "muted", t("选一个单位，这里显示谁在那里工作。")));
    return;
  }
  const facts = make("dl", "pairs");
  for (const [term, text] of [
    [t("类型"), kinds[each.kind]], [t("编码"), each.code], [t("别称"), each.aliases.join("、") || "—"],
    [t("知识条目"), String(each.articles)], [t("点名派来、还没办结"), String(each.addressed)],
  ]) facts.append(make("dt", "", term), make("dd", "", text));
  const acts = make("div", "toolbar");
  acts.append(button(t("修改"), "E", edit));
  if (!each.retired_at) acts.append(button(t("安排人员"), "P", assign, ""));
  if (each.id !== CITY) acts.append(each.retired_at ? button(t("恢复单位"), "R", restore) : button(t("停用单位"), "R", retire));
  const staff = working(each.id);
  const list = make("ul", "points staff");
  for (const person of staff) {
    const item = make("li", "", `${person.display_name} `);
    item.append(make("span", "muted", `${person.name} · ${roles[person.role]}`));
    if (each.id !== CITY && person.id !== me) {
      const out = button(t("移出"), null, () => moveOut(person), "quiet small");
      out.setAttribute("aria-label", t("移出 {name}", { name: person.display_name }));
      item.append(" ", out);
    }
    list.append(item);
  }
  detail.replaceChildren(make("h2", "", each.name), facts, acts, make("h3", "", t("在这里工作的人（{n}）", { n: staff.length })),
    staff.length ? list : make("p", "muted", t("还没有人。按 P 安排。")));
}

async function load() {
  try {
    const answer = await get("/api/v1/organisations");
    all = answer.items;
    people = answer.people;
    recovered(blank);
    draw();
    document.body.dataset.ready = "yes";
  } catch (error) {
    failed(blank, error.message, load, true);
  }
}

const split = (text) => text.split(/[,，、;；]+/).map((word) => word.trim()).filter(Boolean);

async function add() {
  document.getElementById("code-field").hidden = false;
  document.querySelector('#organisation-dialog [name="kind"]').closest("label").hidden = false;
  let made = null;
  await ask("organisation-dialog", {
    title: t("新增单位"),
    send: async (given) => {
      made = await post("/api/v1/organisations", { name: given.name, kind: given.kind, aliases: split(given.aliases), code: given.code || null });
    },
  });
  if (made) await after(made, t("已新增“{name}”。", { name: made.name }));
}

async function edit() {
  const each = of(chosen);
  if (!each) return;
  document.getElementById("code-field").hidden = true;
  document.querySelector('#organisation-dialog [name="kind"]').closest("label").hidden = each.id === CITY;
  let made = null;
  const done = ask("organisation-dialog", {
    title: t("修改单位"),
    about: each.id,
    send: async (given) => {
      const wanted = each.id === CITY ? "city" : given.kind;
      made = await put(`/api/v1/organisations/${each.id}`, { name: given.name, kind: wanted, aliases: split(given.aliases) });
    },
  });
  const fields = document.querySelector("#organisation-dialog form").elements;
  fields.name.value = each.name;
  fields.aliases.value = each.aliases.join("，");
  if (each.id !== CITY) fields.kind.value = each.kind;
  fields.name.select();
  await done;
  if (made) await after(made, t("已保存。"));
}

async function sure(title, words, send) {
  document.getElementById("sure-words").textContent = words;
  let made = null;
  await ask("sure-dialog", { title, send: async () => { made = await send(); } });
  return made;
}

async function retire() {
  const each = of(chosen);
  if (!each || each.id === CITY) return;
  const made = await sure(t("停用“{name}”", { name: each.name }), t("停用后不能再点名派给它，它的主题也不再先派给它；以前的记录不变，可以恢复。"),
    () => post(`/api/v1/organisations/${each.id}/retire`));
  if (made) await after(made, t("已停用。"));
}

async function restore() {
  const each = of(chosen);
  try {
    await after(await post(`/api/v1/organisations/${each.id}/restore`), t("已恢复。"));
  } catch (error) {
    showProblem(error);
  }
}

async function assign() {
  const each = of(chosen);
  if (!each || each.retired_at) return;
  const made = await choosePeople(each, people.filter((person) => person.org_id !== each.id && person.id !== me), roles, of);
  if (made) await after(made, t("已安排 {n} 人。", { n: made.moved.length }));
}

async function moveOut(person) {
  const made = await sure(t("移出 {name}", { name: person.display_name }), t("移出后归“{name}”。", { name: of(CITY).name }),
    () => post(`/api/v1/organisations/${CITY}/people`, { user_ids: [person.id] }));
  if (made) await after(null, t("已移出。"));
}

async function after(made, words) {
  if (made) {
    chosen = made.id;
    if (search.value || kind.value) {
      search.value = "";
      kind.value = "";
    }
  }
  await load();
  mark(true);
  toast(words);
}

function step(by) {
  const ids = [...body.rows].map((row) => Number(row.dataset.id));
  const next = ids[ids.indexOf(chosen) + by];
  if (next === undefined) return;
  chosen = next;
  mark(true);
}

body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row) return;
  chosen = Number(row.dataset.id);
  mark(true);
});
search.addEventListener("input", draw);
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== "ArrowDown") return;
  event.preventDefault();
  mark(true);
});
kind.addEventListener("change", draw);
document.getElementById("add-organisation").addEventListener("click", add);
onKey("n", t("新增单位"), add);
onKey("e", t("修改单位"), edit);
onKey("p", t("安排人员到这个单位"), assign);
onKey("r", t("停用或恢复单位"), () => (of(chosen) && of(chosen).retired_at ? restore() : retire()));
onKey("/", t("查找单位"), () => search.focus());
onKey(["ArrowDown", "j"], t("下一个单位"), () => step(1), { repeats: true });
onKey(["ArrowUp", "k"], t("上一个单位"), () => step(-1), { repeats: true });
load();
