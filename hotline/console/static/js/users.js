// Accounts: new ones with their first password shown once.
import { post } from "./api.js";
import { whenSent } from "./forms.js";

const form = document.getElementById("user-form");
const once = document.getElementById("first-password");

whenSent(form, async (values) => {
  const made = await post("/api/v1/users", { name: values.name, role: values.role, display_name: values.display_name || null });
  const password = document.createElement("code");
  password.textContent = made.first_password;
  once.replaceChildren(`账号 ${made.name} 已建立，初始密码（只显示这一次，首次登录须修改）：`, password, " ");
  const reload = document.createElement("button");
  reload.type = "button";
  reload.className = "secondary";
  reload.textContent = "已抄下，刷新列表";
  reload.addEventListener("click", () => location.reload());
  once.append(reload);
  once.hidden = false;
  form.reset();
  reload.focus();
});
