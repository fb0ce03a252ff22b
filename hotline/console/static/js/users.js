// Accounts: one with its first password shown once, or many out of a sheet with a file of their first passwords.
import { post } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { badRows, lines, startPreview } from "./previews.js";
import { bar, streamed } from "./streaming.js";

const once = document.getElementById("first-password");

function again(text) {
  const reload = document.createElement("button");
  reload.type = "button";
  reload.className = "secondary";
  reload.textContent = text;
  reload.addEventListener("click", () => location.reload());
  return reload;
}

function tell(...parts) {
  const reload = again(t("已抄下，刷新列表"));
  once.replaceChildren(...parts, " ", reload);
  once.hidden = false;
  reload.focus();
}

async function newUser() {
  let made = null;
  await ask("user-dialog", {
    send: async (given) => {
      made = await post("/api/v1/users", { name: given.name, role: given.role, display_name: given.display_name || null });
    },
  });
  if (!made) return;
  const password = document.createElement("code");
  password.textContent = made.first_password;
  tell(t("账号 {name} 已建立，初始密码（只显示这一次，首次登录须修改）：", { name: made.name }), password);
}

// Spreadsheet programs take a cell that begins so for a formula.
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;

function passwordFile(made) {
  const rows = [[t("用户名"), t("姓名"), t("角色"), t("初始密码")], ...made.map((each) => [each.name, each.display_name, each.role, each.first_password])];
  const text = `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "accounts.csv";
  link.textContent = t("下载初始密码（CSV，只有这一次）");
  link.setAttribute("role", "button");
  return link;
}

const openImport = startPreview({
  path: "/api/v1/users/import",
  query: () => ({}),
  show: (answer, outcome) => {
    const summary = document.createElement("p");
    summary.className = "summary";
    summary.textContent = t("可新增 {count} 个账号，{bad} 处不能用", { count: answer.count, bad: answer.rejected.length });
    outcome.append(summary, ...badRows(answer), ...lines(t("将新增"), answer.accounts.map((each) => `${each.name} ${each.display_name}（${each.role}）`)));
    return answer.count > 0;
  },
  apply: async (file) => {
    const told = bar(document.getElementById("import-progress"), (now) => t("已建 {done} 个，共 {total} 个", now));
    return streamed("POST", "/api/v1/users/import", new Blob([await file.arrayBuffer()]), told);
  },
  done: (answer) => {
    const words = t("已新增 {made} 个账号，{bad} 处没有新增。", { made: answer.made.length, bad: answer.rejected.length });
    tell(words, " ", ...(answer.made.length ? [passwordFile(answer.made)] : []), ...badRows(answer));
  },
});

document.getElementById("new-user").addEventListener("click", newUser);
document.getElementById("open-import").addEventListener("click", openImport);
onKey("n", t("新增账号"), newUser);
onKey("i", t("批量新增账号"), openImport);
onKey("/", t("查找账号"), () => document.querySelector("#user-filters input").focus());
