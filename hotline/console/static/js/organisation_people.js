// Who goes to an organisation: found by typing, ticked by space, sent together.
import { post } from "./api.js";
import { ask } from "./dialogs.js";
import { t } from "./language.js";

const search = document.getElementById("people-search");
const list = document.getElementById("people-choice");

function entry(person, roles, of) {
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "people", value: String(person.id) });
  const now = document.createElement("span");
  now.className = "muted";
  now.textContent = ` ${person.name} · ${roles[person.role]} · ${of(person.org_id).name}`;
  label.append(box, ` ${person.display_name}`, now);
  return label;
}

function filter() {
  const words = search.value.trim().toLowerCase();
  for (const label of list.querySelectorAll("label")) {
    // who is ticked stays in sight whatever is typed next
    label.hidden = Boolean(words) && !label.textContent.toLowerCase().includes(words) && !label.querySelector("input").checked;
  }
}

function walk(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const boxes = [search, ...list.querySelectorAll("label:not([hidden]) input")];
  const next = boxes[boxes.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  event.preventDefault();
  if (next) next.focus();
}

search.addEventListener("input", filter);
search.addEventListener("keydown", walk);
list.addEventListener("keydown", walk);

// Gives the answer of the API with who was moved, or null when called off.
export async function choosePeople(organisation, people, roles, of) {
  for (const old of list.querySelectorAll("label")) old.remove();
  list.append(...people.map((person) => entry(person, roles, of)));
  const ticked = () => [...list.querySelectorAll("input:checked")].map((box) => Number(box.value));
  let made = null;
  const done = ask("people-dialog", {
    about: organisation.id,
    title: t("安排人员到“{name}”", { name: organisation.name }),
    check: () => (ticked().length ? null : t("请先勾选要安排的人。")),
    send: async () => { made = await post(`/api/v1/organisations/${organisation.id}/people`, { user_ids: ticked() }); },
  });
  search.focus();
  await done;
  return made;
}
