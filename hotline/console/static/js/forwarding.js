// Handing a call on: as proposed, elsewhere with a reason, three-way, by ticket; taking it back.
import { newKey, post } from "./api.js";
import { chooseDepartment } from "./departments.js";
import { ask } from "./dialogs.js";
import { dropForm } from "./drafts.js";
import { t } from "./language.js";
import { showProblem, toast } from "./toasts.js";

export const NAMES = {
  lawyers: t("12348 律师"), mediators: t("调解员"), police: t("110 民警"), departments: t("12345 承办单位"), operators: t("话务员"),
};
const MODES = {
  one_key: t("已转"), blind: t("已直转"), attended: t("咨询转"), conference: t("三方通话"), manual: t("人工转接"), ticket: t("工单流转"),
};

// The reason is kept until reasonSent(): what it is given for may be refused.
export async function askReason(id, title, about) {
  const answer = await ask(id, {
    title,
    about,
    check: (values) => (values.reason === "其他" && !values.words.trim() ? t("选“其他”时请写明理由。") : null),
  });
  if (!answer) return null;
  const words = answer.words.trim();
  if (answer.reason === "其他") return words;
  return words ? `${answer.reason}：${words}` : answer.reason;
}

export const reasonSent = (id) => dropForm(document.querySelector(`#${id} form`));

// Violence or control was heard: mediation only after the victim, asked alone, agrees. The police desk found it to be no
// police matter: there again only with danger told since.
const MORE = {
  "consent-required": { dialog: "consent-dialog", field: "consent", missing: t("没有本人同意不能转调解；请按 Esc 返回，另选去向。") },
  "police-declined": { dialog: "new-danger-dialog", field: "new_danger", missing: t("没有新的危险情况不再转警务台；请按 Esc 返回，另选去向。") },
};

async function send(call, body) {
  const sendOnce = (given) => post(`/api/v1/calls/${call.id}/forward`, given, { headers: { "Idempotency-Key": newKey() } });
  let more = null;
  try {
    return await sendOnce(body);
  } catch (error) {
    more = MORE[error.kind];
    if (!more) throw error;
  }
  let transfer = null;
  await ask(more.dialog, {
    check: (values) => (values[more.field] ? null : more.missing),
    send: async () => { transfer = await sendOnce({ ...body, [more.field]: true }); },
  });
  return transfer;
}

// call: {id, decisionId, destination, live, noBlind}. Gives the transfer, or null when called off or refused.
export async function forward(call, { destination = null, mode = null, reason: given = null } = {}) {
  const target = destination || call.destination;
  // named only where a person asks for the departments or for a ticket: Enter sends to whoever answers for the field
  const names = destination === "departments" || (mode === "ticket" && target === "departments");
  const department = names ? await chooseDepartment(`/api/v1/calls/${call.id}/departments`) : null;
  if (department === undefined) return null;
  let reason = target === call.destination ? null : given;
  if (target !== call.destination && !reason) {
    reason = await askReason("overrule-dialog", t("改派到 {name}", { name: NAMES[target] }), `${call.id}-${target}`);
    if (reason === null) return null;
  }
  const body = { mode: mode || (call.live && call.noBlind ? "conference" : "one_key"), decision_id: call.decisionId };
  if (destination) body.destination = destination;
  if (reason) body.reason = reason;
  if (department) body.department = department;
  const transfer = await send(call, body);
  if (!transfer) return null;
  reasonSent("overrule-dialog");
  let text = `${MODES[transfer.mode]} ${transfer.department || NAMES[transfer.destination]}`;
  if (transfer.mode === "manual" && call.live) {
    text += transfer.dial_number
      ? t("：请拨 {number}，接通后按 C 确认", { number: transfer.dial_number })
      : t("：请按通讯录拨打，接通后按 C 确认");
  }
  if (transfer.our_ticket) text += t("：工单 {ticket}", { ticket: transfer.our_ticket });
  toast(text);
  return transfer;
}

export async function takeBack(transferId) {
  try {
    const transfer = await post(`/api/v1/transfers/${transferId}/cancel`);
    toast(t("已撤回。"));
    return transfer;
  } catch (error) {
    showProblem(error);
    return null;
  }
}
