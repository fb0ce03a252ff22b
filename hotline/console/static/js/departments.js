// To which department a call goes by name: those of its topic first, found by typing, taken by Enter.
import { get } from "./api.js";
import { ask } from "./dialogs.js";
import { t } from "./language.js";

const search = document.getElementById("department-search");
const list = document.getElementById("department-choices");

const options = () => [...list.children].filter((option) => !option.hidden);

function select(option) {
  for (const each of list.children) each.setAttribute("aria-selected", String(each === option));
  if (option) {
    search.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else search.removeAttribute("aria-activedescendant");
}

function entry(choice, words) {
  const option = document.createElement("li");
  option.id = `department-${choice.id || "any"}`;
  option.setAttribute("role", "option");
  option.dataset.id = choice.id || "";
  option.dataset.words = [choice.name, ...(choice.aliases || [])].join(" ").toLowerCase();
  const name = document.createElement("span");
  name.textContent = choice.name;
  const more = document.createElement("small");
  more.className = "muted";
  more.textContent = words;
  option.append(name, " ", more);
  return option;
}

function filter() {
  const words = search.value.trim().toLowerCase();
  for (const option of list.children) option.hidden = Boolean(words) && !option.dataset.words.includes(words);
  select(options()[0]);
}

if (search) {
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const shown = options();
    const at = shown.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = shown[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) select(next);
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    select(option);
    search.form.requestSubmit();
  });
}

// path: where the API names them. Gives the id of the department, null for whoever answers for the topic, undefined when called off. Nothing is asked
// where no department is known.
export async function chooseDepartment(path) {
  const { items } = await get(path);
  if (!items.length) return null;
  const owners = items.filter((choice) => choice.proposed).map((choice) => choice.name);
  const any = { id: null, name: owners.length ? t("按主题派：{names}", { names: owners.join("、") }) : t("不点名，由承办单位接") };
  const words = (choice) => [choice.proposed ? t("本主题") : "", choice.staffed ? "" : t("没有人员账号，其他单位可接")].filter(Boolean).join(" · ");
  let id;
  const done = ask("department-dialog", {
    check: () => (options().length ? null : t("没有这个名称的承办单位，请改几个字再找。")),
    send: async () => {
      const taken = list.querySelector('[aria-selected="true"]');
      id = taken.dataset.id ? Number(taken.dataset.id) : null;
    },
  });
  list.replaceChildren(entry(any, ""), ...items.map((choice) => entry(choice, words(choice))));
  filter();
  list.parentElement.scrollTop = 0;
  search.focus();
  await done;
  return id;
}
