// One account: what the security administrator does to it, and what a leaver leaves behind.
import { post } from "./api.js";
import { whenSent } from "./forms.js";
import { t } from "./language.js";
import { startSessionLists } from "./sessions.js";
import { showProblem } from "./toasts.js";

const { id, name } = document.getElementById("user").dataset;
const outcome = document.getElementById("outcome");

function paragraph(...parts) {
  const line = document.createElement("p");
  line.append(...parts);
  return line;
}

function localTime(text) {
  return new Date(text).toLocaleString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" });
}

const DUTY = { shift: t("班次"), override: t("调班"), rotation: t("轮值") };

function leftBehind(left) {
  const lines = [];
  if (left.released_calls.length) lines.push(paragraph(t("在线来电 {calls} 回到话务台列表。", { calls: left.released_calls.join("、") })));
  if (left.returned_calls.length) lines.push(paragraph(t("已接单的 {count} 通来电回到队列原位。", { count: left.returned_calls.length })));
  if (left.withdrawn_offers.length) lines.push(paragraph(t("正在振铃的 {count} 通来电改由他人接。", { count: left.withdrawn_offers.length })));
  if (left.left_call_backs.length) lines.push(paragraph(t("约定的 {count} 个回拨照原定时间，改由同队列的他人回拨。", { count: left.left_call_backs.length })));
  if (left.left_cases.length) lines.push(paragraph(t("承办中的 {count} 件案件等本席同事接手。", { count: left.left_cases.length })));
  if (left.duties.length) {
    lines.push(paragraph(t("值班表里还有 {count} 处，已不算在岗，请告知排班人另行安排：", { count: left.duties.length })));
    const list = document.createElement("ul");
    for (const duty of left.duties) {
      const item = document.createElement("li");
      const when = duty.starts_at ? `${localTime(duty.starts_at)} — ${localTime(duty.ends_at)}` : duty.name;
      item.textContent = `${duty.queue} ${DUTY[duty.kind]} ${when}`;
      list.append(item);
    }
    lines.push(list);
  }
  return lines.length ? lines : [paragraph(t("没有遗留的来电和班次。"))];
}

function show(...lines) {
  const reload = document.createElement("button");
  reload.type = "button";
  reload.className = "secondary";
  reload.textContent = t("知道了，刷新");
  reload.addEventListener("click", () => location.reload());
  outcome.replaceChildren(...lines, reload);
  outcome.hidden = false;
  reload.focus();
}

function firstPassword(answer) {
  const password = document.createElement("code");
  password.textContent = answer.first_password;
  show(paragraph(t("新的初始密码（只显示这一次，登录后须修改）："), password));
}

const SHOW = {
  disable: (answer) => show(paragraph(t("{name} 已停用。", { name })), ...leftBehind(answer)),
  password: firstPassword,
  enable: firstPassword,
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-act]");
  if (!button || (button.dataset.sure && !confirm(button.dataset.sure))) return;
  try {
    const answer = await post(`/api/v1/users/${id}/${button.dataset.act}`);
    const shown = SHOW[button.dataset.act];
    if (shown) shown(answer);
    else location.reload();
  } catch (error) {
    showProblem(error);
  }
});

whenSent(document.getElementById("role-form"), async ({ role }) => {
  const answer = await post(`/api/v1/users/${id}/role`, { role });
  show(paragraph(t("{name} 的角色已改换，会话和令牌已作废。", { name })), ...leftBehind(answer));
});

startSessionLists();
