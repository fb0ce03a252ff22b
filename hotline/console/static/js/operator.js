// The operator's table: choose a call, see the proposal, forward with one key, take it back.
import { post } from "./api.js";
import { recordChoice } from "./choosing.js";
import { answerDirectly } from "./citing.js";
import { startContactRules } from "./contact_rules.js";
import { startCounterparty } from "./counterparty.js";
import { forward, takeBack } from "./forwarding.js";
import { onDangerEvent, showDanger, startDangerPanel } from "./danger_panel.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { applyFilter, entries, going, mark, neighbour, stepFrom } from "./operator_list.js";
import { empty, parts, place, soon } from "./panes.js";
import { followStaffing } from "./staffing.js";
import { showProblem, toast } from "./toasts.js";
import { wrapUp } from "./wrap_up.js";

const list = document.getElementById("call-list");
const callPane = document.getElementById("call");
const proposalPane = document.getElementById("proposal");
const forwardsPane = document.getElementById("forwards");
const KEYS = { F2: "lawyers", F3: "mediators", F4: "police", F6: "departments" };
// A proposal that has been on screen for less than this was not read: a second Enter right after the first does nothing.
const READ_MS = 500;
const ADDRESS_MS = 1000;

let chosen = null;
let seen = null; // {callId, signature}: the proposal the operator has looked at
let armed = false; // the proposal has been on screen long enough to have been read
let armTimer = null;
let addressTimer = null;
let busy = false;

// For a reload; later, because Chromium fetches the page's icon again at each change of the address.
function addressLater() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => history.replaceState(null, "", chosen ? `#${chosen}` : "#"), ADDRESS_MS);
}

async function choose(callId) {
  if (callId !== chosen) {
    chosen = callId;
    seen = null;
    proposalPane.shownPath = null;
    addressLater();
  }
  mark(chosen);
  await readCall();
}

async function readCall() {
  if (!chosen) {
    empty(callPane, t("请在左侧选择一通来电。"));
    empty(proposalPane, t("选中来电后，这里显示分流建议。"));
    showDanger(null);
    return;
  }
  const callId = chosen;
  const path = `/operator/calls/${callId}`;
  const read = await parts(callPane, path, readCall);
  if (!read) {
    // what is proposed for another call does not stand beside one that could not be read
    if (callId === chosen && !proposal()) empty(proposalPane, t("没有读到这通来电的建议。"));
    return;
  }
  place(callPane, path, read.call);
  place(proposalPane, path, read.proposal);
  showDanger(callId, read.danger);
}

function proposal() {
  const shown = proposalPane.querySelector(".proposal");
  if (!shown || shown.dataset.callId !== chosen) return null;
  const data = shown.dataset;
  return {
    id: data.callId, decisionId: data.decisionId ? Number(data.decisionId) : null, destination: data.destination,
    signature: data.signature, live: data.live === "yes", noBlind: data.noBlind === "yes", mayAct: data.mayAct === "yes",
    targetQueue: data.targetQueue, closingLocked: data.closingLocked === "yes",
  };
}

function step(by) {
  const next = stepFrom(chosen, by);
  if (next) choose(next);
}

function markArmed() {
  const button = proposalPane.querySelector(".primary-action");
  if (button) button.dataset.ready = armed ? "yes" : "no";
}

function arm() {
  armed = false;
  clearTimeout(armTimer);
  armTimer = setTimeout(() => {
    armed = true;
    markArmed();
  }, READ_MS);
}

proposalPane.addEventListener("filled", () => {
  const now = proposal();
  if (!now) return;
  const changed = seen && seen.callId === now.id && seen.signature !== "" && seen.signature !== now.signature;
  if (!seen || seen.callId !== now.id || seen.signature === "") arm();
  if (changed) {
    // Enter never acts on a proposal that changed under the operator's eyes
    seen.stale = true;
    seen.next = now.signature;
  } else if (!seen || seen.callId !== now.id || !seen.stale) {
    seen = { callId: now.id, signature: now.signature, stale: false };
  }
  const warning = proposalPane.querySelector(".changed");
  if (warning) warning.hidden = !(seen && seen.stale);
  markArmed();
});

function acceptNew() {
  const now = proposal();
  if (!now || !seen || !seen.stale) return false;
  seen = { callId: now.id, signature: now.signature, stale: false };
  arm();
  markArmed();
  const warning = proposalPane.querySelector(".changed");
  if (warning) warning.hidden = true;
  toast(t("建议已变，请看过再按一次 Enter。"), true);
  return true;
}

async function send(options = {}) {
  const now = proposal();
  if (!now || busy) return;
  if (!now.mayAct) {
    toast(t("这通来电已经处理完毕。"), true);
    return;
  }
  if (!options.destination && !options.mode) {
    const entry = document.getElementById(`entry-${now.id}`);
    if (entry && entry.dataset.inGroup === "callbacks") {
      // it has been handled once: what is due is the call-back
      toast(t("这通约定了回拨：回拨后按 B；要改去向请按 F2–F6。"), true);
      return;
    }
    if (acceptNew() || !armed) return;
    if (now.destination === "operators" || !now.destination) {
      toast(now.destination ? t("建议由话务员处理：按 F8 直接答复，或按 F2–F6 选去向。") : t("还没有分流建议，请稍候。"), true);
      return;
    }
  }
  busy = true;
  try {
    const next = neighbour(chosen);
    going(now.id, true);
    if (await forward(now, options)) {
      refreshForwards();
      await choose(next);
      refreshList();
      list.focus();
    }
  } catch (error) {
    showProblem(error);
    if (error.kind === "proposal-changed" && seen) seen.stale = true;
    await readCall();
    refreshList();
  } finally {
    going(now.id, false);
    busy = false;
  }
}

async function answer() {
  const now = proposal();
  if (!now || !now.mayAct || busy) return;
  if (now.closingLocked) {
    toast(t("说到自伤：不能直接结束，请陪住来电人，按 L 请班长加入。"), true);
    return;
  }
  busy = true;
  try {
    const next = neighbour(chosen);
    if (!(await answerDirectly(now))) return;
    await choose(next);
    refreshList();
    list.focus();
  } finally {
    busy = false;
  }
}

async function wrap(callId) {
  const first = forwardsPane.querySelector('[data-act="wrap-up"]');
  const id = callId || (first && first.dataset.callId);
  if (!id) {
    toast(t("没有待整理的来电。"));
    return;
  }
  await wrapUp(id);
  refreshForwards();
  list.focus();
}

async function hold() {
  const now = proposal();
  if (!now) return;
  try {
    await post(`/api/v1/calls/${now.id}/hold`);
    toast(t("已接起。"));
  } catch (error) {
    showProblem(error);
  }
  readCall();
  refreshList();
}

async function putBack() {
  const entry = chosen && document.getElementById(`entry-${chosen}`);
  if (!entry || !entry.dataset.assignmentId) {
    toast(t("这通来电不在您手上。"), true);
    return;
  }
  try {
    await post(`/api/v1/assignments/${entry.dataset.assignmentId}/release`, {});
    toast(t("已放回队列，等候时间不变。"));
  } catch (error) {
    showProblem(error);
  }
  readCall();
  refreshList();
}

async function calledBack() {
  const entry = chosen && document.getElementById(`entry-${chosen}`);
  if (!entry || entry.dataset.inGroup !== "callbacks") {
    toast(t("先在“待回拨”里选一通。"), true);
    return;
  }
  try {
    await post(`/api/v1/calls/${entry.dataset.callId}/called-back`);
    toast(t("已记为完成回拨。"));
  } catch (error) {
    showProblem(error);
  }
  refreshList();
}

async function chooseForCaller() {
  const now = proposal();
  if (!now || !now.mayAct || busy) return;
  if (!now.targetQueue) {
    toast(t("还没有分流建议，请稍候。"), true);
    return;
  }
  if (await recordChoice(now)) readCall();
}

async function undo(transferId) {
  const latest = forwardsPane.querySelector('[data-act="undo"]');
  const id = transferId || (latest && latest.dataset.transferId);
  if (!id) {
    toast(t("没有可以撤回的转办。"), true);
    return;
  }
  const transfer = await takeBack(id);
  refreshForwards();
  refreshList();
  if (transfer) await choose(String(transfer.call_id));
}

async function confirmDialled(transferId) {
  const first = forwardsPane.querySelector('[data-act="confirm"]');
  const id = transferId || (first && first.dataset.transferId);
  if (!id) return;
  try {
    await post(`/api/v1/transfers/${id}/confirm`);
    toast(t("已确认接通。"));
  } catch (error) {
    showProblem(error);
  }
  refreshForwards();
}

const refreshList = soon(() => htmx.trigger(list, "list-stale"));
const refreshForwards = soon(() => htmx.trigger(forwardsPane, "forwards-stale"));
const refreshCall = soon(() => readCall());

list.addEventListener("htmx:afterSwap", () => {
  applyFilter();
  if (!chosen && entries().length) choose(entries()[0].dataset.callId);
  else mark(chosen);
});
list.addEventListener("filtered", () => {
  const shown = chosen && document.getElementById(`entry-${chosen}`);
  if (shown && !shown.hidden) mark(chosen);
  else choose(entries().length ? entries()[0].dataset.callId : null);
});
list.addEventListener("click", (event) => {
  const entry = event.target.closest("[data-call-id]");
  if (entry) choose(entry.dataset.callId);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open-call]");
  if (link) {
    event.preventDefault();
    choose(link.dataset.openCall);
    list.focus();
    return;
  }
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const act = button.dataset.act;
  if (act === "forward") send();
  else if (act === "to") send({ destination: button.dataset.destination });
  else if (act === "conference") send({ mode: "conference" });
  else if (act === "ticket") send({ mode: "ticket" });
  else if (act === "answer") answer();
  else if (act === "hold") hold();
  else if (act === "choice") chooseForCaller();
  else if (act === "undo") undo(button.dataset.transferId);
  else if (act === "confirm") confirmDialled(button.dataset.transferId);
  else if (act === "put-back") putBack();
  else if (act === "wrap-up") wrap(button.dataset.callId);
});

onKey(["ArrowDown", "j"], t("下一通"), () => step(1), { repeats: true });
onKey(["ArrowUp", "k"], t("上一通"), () => step(-1), { repeats: true });
onKey("Enter", t("按建议转办"), () => send());
onKey("F2", t("转 12348 律师"), () => send({ destination: KEYS.F2 }));
onKey("F3", t("转调解员"), () => send({ destination: KEYS.F3 }));
onKey("F4", t("转 110 民警"), () => send({ destination: KEYS.F4 }));
onKey("F6", t("转 12345 承办单位"), () => send({ destination: KEYS.F6 }));
onKey("F7", t("三方通话"), () => send({ mode: "conference" }));
onKey("F8", t("直接答复"), answer);
onKey("t", t("工单流转"), () => send({ mode: "ticket" }));
onKey("h", t("接起：别人不再看到这通来电"), hold);
onKey("x", t("把接起的记录放回队列"), putBack);
onKey("b", t("约定的回拨已完成"), calledBack);
onKey("n", t("登记来电人的选择（等待、回拨、留言）"), chooseForCaller);
onKey("c", t("确认人工转接已接通"), () => confirmDialled());
onKey("w", t("整理刚办完的来电"), () => wrap());
onKey(["u", "Ctrl+z"], t("撤回上一次转办"), () => undo());

onEvent((kind, event) => {
  onDangerEvent(kind, event);
  followStaffing(kind);
  if (kind === "presence_changed" || kind === "danger_answered") return;
  refreshList();
  if (kind.startsWith("transfer_") || kind.startsWith("call_") || kind === "ticket_received") refreshForwards();
  if (event.call_id !== null && String(event.call_id) === chosen) refreshCall();
});
onOpen(() => {
  refreshList();
  refreshForwards();
  if (chosen) refreshCall();
});

startDangerPanel(list);
startCounterparty();
startContactRules();
applyFilter();
const wanted = location.hash.slice(1);
if (/^\d+$/.test(wanted)) choose(wanted);
else if (entries().length) choose(entries()[0].dataset.callId);
list.focus();
