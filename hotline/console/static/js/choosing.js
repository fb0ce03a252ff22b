// What a caller chooses while few people are on duty: wait (the time is told), be called back, leave a message.
import { get, post } from "./api.js";
import { ask } from "./dialogs.js";
import { toast } from "./toasts.js";

const SHANGHAI_MS = 8 * 3600 * 1000;
const CHOICES = ["wait", "callback", "message"];
const localTime = (iso) => new Date(new Date(iso).getTime() + SHANGHAI_MS).toISOString().slice(0, 16);

function offer(form, options) {
  const offered = new Map(options.map((option) => [option.choice, option]));
  let first = true;
  for (const choice of CHOICES) {
    const option = offered.get(choice);
    const radio = form.querySelector(`[name="choice"][value="${choice}"]`);
    radio.disabled = !option;
    radio.defaultChecked = Boolean(option) && first;
    if (option) first = false;
    form.querySelector(`[data-says="${choice}"]`).textContent = option ? option.text : "现在不能选。";
  }
  const window = offered.get("callback");
  form.elements.window_start.defaultValue = window ? localTime(window.window_start) : "";
  form.elements.window_end.defaultValue = window ? localTime(window.window_end) : "";
  return offered;
}

function wrong(values) {
  if (!values.choice) return "请选一项。";
  if (values.choice === "callback" && (!values.window_start || !values.window_end)) return "请填写回拨时段。";
  if (values.choice === "callback" && values.window_end <= values.window_start) return "回拨时段的结束要晚于开始。";
  if (values.choice === "message" && !values.message.trim()) return "请记下留言。";
  return null;
}

// Gives true when a choice was recorded, false when it was called off. Raises what the service answers.
export async function recordChoice(callId, queue) {
  const form = document.getElementById("choice-form");
  const offered = offer(form, (await get(`/api/v1/queues/${queue}/night-options`)).options);
  const given = await ask("choice-dialog", { check: wrong });
  if (!given) return false;
  const body = { choice: given.choice };
  if (given.choice === "wait") body.expected_wait_s = offered.get("wait").expected_wait_s;
  if (given.choice === "message") body.message = given.message.trim();
  if (given.choice === "callback") {
    body.window_start = `${given.window_start}:00+08:00`;
    body.window_end = `${given.window_end}:00+08:00`;
  }
  await post(`/api/v1/calls/${callId}/choice`, body);
  toast("已登记来电人的选择。");
  return true;
}
