// Saved views: the filters in the address under a name, one's own or shared.
import { get, post, request } from "./api.js";
import { dropDraft } from "./drafts.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { showProblem, toast } from "./toasts.js";

const menu = document.getElementById("views");
const list = document.getElementById("view-list");
const name = document.getElementById("view-name");

function line(view) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `/statistics/routing?${view.address}`;
  link.textContent = view.name;
  item.append(link);
  const note = document.createElement("small");
  note.textContent = view.own ? (view.shared ? t("已共享") : "") : view.owner;
  item.append(note);
  if (view.own) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary small-button";
    button.textContent = t("删除");
    button.addEventListener("click", () => forget(view.id));
    item.append(button);
  }
  return item;
}

async function read() {
  try {
    const { items } = await get("/api/v1/statistics/views");
    recovered(list);
    list.replaceChildren(...items.map(line));
    if (!items.length) list.append(t("还没有保存的视图。"));
  } catch (error) {
    // in a menu that was closed meanwhile nobody would see it
    if (menu.open) failed(list, error.message, read, !list.querySelector("a"));
  }
}

async function forget(id) {
  try {
    await request("DELETE", `/api/v1/statistics/views/${id}`);
    await read();
  } catch (error) {
    showProblem(error);
  }
}

async function save() {
  if (!name.value.trim()) {
    name.focus();
    return;
  }
  try {
    await post("/api/v1/statistics/views", { name: name.value, address: location.search.slice(1), shared: document.getElementById("view-shared").checked });
    toast(t("已保存视图“{name}”。", { name: name.value.trim() }));
    name.value = "";
    dropDraft("view-name");
    await read();
  } catch (error) {
    showProblem(error);
  }
}

menu.addEventListener("toggle", () => {
  if (menu.open) read();
  else recovered(list);
});
document.getElementById("view-save").addEventListener("click", save);
name.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  save();
});
onKey("v", t("保存的视图"), () => {
  menu.open = true;
  name.focus();
});
