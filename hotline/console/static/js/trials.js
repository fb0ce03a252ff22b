// A trial: ordered, watched with a bar that moves, called off with a button; the result when it is done, else null.
import { get, post } from "./api.js";
import { t } from "./language.js";

const LOOK_MS = 350;
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function progress(box, called) {
  const bar = document.createElement("div");
  bar.className = "progress";
  const meter = document.createElement("progress");
  meter.setAttribute("aria-label", t("试算进度"));
  const said = document.createElement("span");
  said.className = "said";
  said.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary small";
  button.textContent = t("取消试算");
  button.addEventListener("click", called);
  bar.append(meter, said);
  box.replaceChildren(bar, button);
  return { meter, said };
}

// path: where the trial is ordered, body: the draft; box: where the bar stands. Raises what the API refuses.
export async function runTrial(path, body, box) {
  let off = false;
  let id = null;
  const { meter, said } = progress(box, () => {
    off = true;
    if (id) post(`/api/v1/trials/${id}/cancel`).catch(() => {});
  });
  said.textContent = t("等待研判进程接手…");
  id = (await post(path, body)).trial_id;
  for (;;) {
    const state = await get(`/api/v1/trials/${id}`);
    if (state.state === "done") return state.result;
    if (state.state === "failed") throw new Error(state.error || t("试算出错，请重试。"));
    if (off || state.state === "cancelled") {
      box.replaceChildren(t("试算已取消。"));
      return null;
    }
    if (state.state === "running" && state.total !== null) {
      meter.max = state.total || 1;
      meter.value = state.done;
      said.textContent = `${state.done} / ${state.total}`;
    } else if (state.before) said.textContent = t("前面还有 {n} 次试算", { n: state.before });
    await pause(LOOK_MS);
  }
}
