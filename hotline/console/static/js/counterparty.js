// Who the other side of a call is: asked of the caller, written down with one key, seen by lawyers before they pick up.
import { put } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const button = () => document.querySelector("[data-counterparty]");

async function nameIt() {
  const shown = button();
  if (!shown) return;
  const id = shown.dataset.counterparty;
  const given = ask("counterparty-dialog", {
    about: id,
    send: ({ name }) => put(`/api/v1/calls/${id}/counterparty`, { name: name.trim() }),
  });
  const field = document.querySelector('#counterparty-dialog [name="name"]');
  field.value = shown.dataset.counterpartyName;
  field.select();
  const answer = await given;
  if (answer) toast(answer.name.trim() ? t("已登记对方当事人。") : t("已撤销登记。"));
}

export function startCounterparty() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-counterparty]")) nameIt();
  });
  onKey("o", t("登记对方当事人"), nameIt, { when: button });
  onKey("Alt+o", null, nameIt, { inFields: true, when: button });
}
