// Accounts: new ones with their first password shown once, skills, leavers.
import { post, put } from "./api.js";
import { showProblem, toast } from "./toasts.js";

const form = document.getElementById("user-form");
const problem = form.querySelector(".problem");
const once = document.getElementById("first-password");
const dialog = document.getElementById("skills-dialog");
const skills = document.getElementById("skills-form");
const split = (text) => text.split(/[,，、\s]+/).filter(Boolean);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  const values = Object.fromEntries(new FormData(form));
  try {
    const made = await post("/api/v1/users", { name: values.name, role: values.role, display_name: values.display_name || null });
    const password = document.createElement("code");
    password.textContent = made.first_password;
    once.replaceChildren(`账号 ${made.name} 已建立，初始密码（只显示这一次）：`, password, " ");
    const reload = document.createElement("button");
    reload.type = "button";
    reload.className = "secondary";
    reload.textContent = "已抄下，刷新列表";
    reload.addEventListener("click", () => location.reload());
    once.append(reload);
    once.hidden = false;
    form.reset();
    reload.focus();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

let edited = null;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.skills) {
    edited = button.dataset.skills;
    const value = JSON.parse(button.dataset.value);
    skills.reset();
    for (const box of skills.querySelectorAll('[name="skills"]')) box.checked = value.skills.includes(box.value);
    skills.elements.grids.value = value.grids.join("，");
    skills.elements.languages.value = value.languages.join("，");
    skills.querySelector(".problem").hidden = true;
    document.getElementById("skills-title").textContent = `专长与网格：${button.dataset.name}`;
    dialog.showModal();
  } else if (button.dataset.disable && confirm(`停用 ${button.dataset.name}？此人将立即退出，令牌作废。`)) {
    try {
      await post(`/api/v1/users/${button.dataset.disable}/disable`);
      location.reload();
    } catch (error) {
      showProblem(error);
    }
  }
});

skills.addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = new FormData(skills);
  try {
    await put(`/api/v1/users/${edited}/agent`, {
      skills: values.getAll("skills"), grids: split(values.get("grids")), languages: split(values.get("languages")),
    });
    dialog.close();
    toast("已保存。");
    location.reload();
  } catch (error) {
    const line = skills.querySelector(".problem");
    line.textContent = error.message;
    line.hidden = false;
  }
});
