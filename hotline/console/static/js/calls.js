// The list of calls: tickets by either system's number, or overdue ones.
import { get } from "./api.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const form = document.getElementById("ticket-form");
const result = document.getElementById("ticket-result");

async function look(query) {
  result.textContent = t("查询中…");
  try {
    const { items } = await get(`/api/v1/transfers?${query}`);
    result.replaceChildren();
    if (!items.length) result.textContent = t("没有找到。");
    for (const item of items) {
      const line = document.createElement("div");
      const link = document.createElement("a");
      link.href = `/calls/${item.call_id}`;
      link.textContent = item.our_ticket || t("来电 {id}", { id: item.call_id });
      line.append(link, item.their_ticket ? t("（对方 {ticket}）", { ticket: item.their_ticket }) : "", ` ${item.receipt_at ? t("已签收") : t("未签收")}`);
      result.append(line);
    }
  } catch (error) {
    result.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  look(`ticket=${encodeURIComponent(form.elements.ticket.value.trim())}`);
});
document.getElementById("overdue-button").addEventListener("click", () => look("overdue=1"));
onKey("f", t("到查询条件"), () => document.querySelector(".filters select").focus());
