// What a caller chooses while few people are on duty: wait (the time is told), be called back, leave a message.
import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { takeUpDraft } from "./drafts.js";
import { t } from "./language.js";
import { inSafeHours } from "./safe_hours.js";
import { toast } from "./toasts.js";

const SHANGHAI_MS = 8 * 3600 * 1000;
const DAY_S = 86400;
const CHOICES = ["wait", "callback", "message"];
const localTime = (iso) => new Date(new Date(iso).getTime() + SHANGHAI_MS).toISOString().slice(0, 16);
const moment = (local) => `${local}:00+08:00`;

const dialog = document.getElementById("choice-dialog");
const form = document.getElementById("choice-form");
const state = document.getElementById("choice-state");
const retry = document.getElementById("choice-retry");
const radioOf = (choice) => form.querySelector(`[name="choice"][value="${choice}"]`);

let waitTold = null; // seconds, as read to the caller
let asking = 0;

function showPart() {
  const chosen = form.elements.choice.value;
  for (const part of form.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== chosen;
}

// `text` is what to read to the caller; without it the choice cannot be made and `why` says so.
function offer(choice, text, why) {
  const radio = radioOf(choice);
  radio.disabled = !text;
  radio.parentElement.classList.toggle("off", !text);
  form.querySelector(`[data-says="${choice}"]`).textContent = text ? `${text}。` : why;
}

// Waiting is for a caller on the line, and not for longer than a day.
function noWaiting(answer, live) {
  if (!live) return t("来电人已不在线。");
  if (!answer.on_duty) return t("现在无人在岗。");
  return answer.expected_wait_s > DAY_S ? t("预计等候超过一天。") : null;
}

function show(answer, live) {
  const offered = Object.fromEntries(answer.options.map((option) => [option.choice, option]));
  const barred = noWaiting(answer, live);
  if (barred) delete offered.wait;
  for (const choice of CHOICES) {
    const why = choice === "wait" && barred ? barred : t("这个队列现在不能选。");
    offer(choice, offered[choice] && offered[choice].text, why);
  }
  waitTold = offered.wait ? offered.wait.expected_wait_s : null;
  if (offered.callback) {
    form.elements.window_start.value = localTime(offered.callback.window_start);
    form.elements.window_end.value = localTime(offered.callback.window_end);
  }
  state.textContent = answer.on_duty ? t("在岗 {n} 人。", { n: answer.on_duty }) : t("现在无人在岗。");
  const first = CHOICES.find((choice) => offered[choice]);
  if (!first) return;
  radioOf(first).checked = true;
  // what was begun and called off is gone on with
  takeUpDraft(form);
  radioOf(form.elements.choice.value).focus();
  showPart();
}

async function read(call, turn) {
  const problem = form.querySelector(".problem");
  problem.hidden = true;
  retry.hidden = true;
  // nothing that Enter would press before there is something to choose
  state.focus();
  state.textContent = t("正在读取可选的方式…");
  try {
    const answer = await get(`/api/v1/queues/${encodeURIComponent(call.targetQueue)}/night-options`);
    if (dialog.open && turn === asking) show(answer, call.live);
  } catch (error) {
    if (!dialog.open || turn !== asking) return;
    state.textContent = "";
    problem.textContent = t("没有读到可选的方式：{why}", { why: error.message });
    problem.hidden = false;
    retry.hidden = false;
    retry.focus();
  }
}

function wrong(values) {
  if (!values.choice) return t("请选一项。");
  if (values.choice === "message") return values.message.trim() ? null : t("请记下留言。");
  if (values.choice === "wait") return null;
  if (!values.window_start || !values.window_end) return t("请填写回拨时段。");
  // both are wall clock times of the same zone, so the texts sort like the times
  if (values.window_end <= values.window_start) return t("回拨时段的结束要晚于开始。");
  return new Date(moment(values.window_end)) < new Date() ? t("回拨时段已经过去。") : null;
}

function bodyOf(values, moved) {
  if (values.choice === "wait") return { choice: "wait", expected_wait_s: waitTold };
  if (values.choice === "message") return { choice: "message", message: values.message.trim() };
  if (moved) return { choice: "callback", window_start: moved.from, window_end: moved.until };
  return { choice: "callback", window_start: moment(values.window_start), window_end: moment(values.window_end) };
}

// call: {id, targetQueue, live}. Gives true when a choice was recorded, false when it was called off.
export async function recordChoice(call) {
  asking += 1;
  for (const choice of CHOICES) offer(choice, null, "");
  form.reset();
  showPart();
  const given = ask("choice-dialog", {
    about: call.id, check: wrong,
    send: (values) => inSafeHours((moved) => post(`/api/v1/calls/${call.id}/choice`, bodyOf(values, moved))),
  });
  const turn = asking;
  form.onchange = showPart;
  retry.onclick = () => read(call, turn);
  read(call, turn);
  if (!(await given)) return false;
  toast(t("已登记来电人的选择。"));
  return true;
}
