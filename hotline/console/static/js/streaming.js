// Work that takes a while: a file goes up, the server tells how far it is line by line, the outcome comes last.
import { Problem } from "./api.js";
import { t } from "./language.js";
import { csrfToken, mended } from "./session.js";

function send(method, path, body, told) {
  return new Promise((resolve, reject) => {
    const sender = new XMLHttpRequest();
    let read = 0;
    let outcome = null;
    const take = () => {
      const text = sender.responseText;
      for (let end = text.indexOf("\n", read); end >= 0; end = text.indexOf("\n", read)) {
        const line = JSON.parse(text.slice(read, end));
        read = end + 1;
        if (line.result !== undefined || line.problem) outcome = line;
        else told({ step: "work", ...line });
      }
    };
    sender.open(method, path);
    sender.setRequestHeader("Accept", "application/x-ndjson, application/json");
    sender.setRequestHeader("X-CSRF-Token", csrfToken());
    const plain = body === undefined || body instanceof Blob || body instanceof FormData;
    if (!plain) sender.setRequestHeader("Content-Type", "application/json");
    sender.upload.onprogress = (event) => told({ step: "upload", done: event.loaded, total: event.total });
    sender.onprogress = () => { if (sender.status === 200) take(); };
    sender.onerror = () => reject(new Problem(0, { detail: t("连不上服务，内容未提交；请检查网络后再试。") }));
    sender.onload = () => {
      if (sender.status !== 200) {
        let answer = {};
        try {
          answer = JSON.parse(sender.responseText);
        } catch (error) {
          answer = { detail: t("服务没有正常回答，请稍后重试。") };
        }
        reject(new Problem(sender.status, answer));
        return;
      }
      take();
      if (!outcome) reject(new Problem(0, { detail: t("连接中断，不知道是否办完；请刷新页面查看。") }));
      else if (outcome.problem) reject(new Problem(outcome.problem.status, outcome.problem));
      else resolve(outcome.result);
    };
    sender.send(plain ? body : JSON.stringify(body));
  });
}

// Resolves with the result; told({step, done, total, ...}) meanwhile. Sends once more after a log-in in place.
export async function streamed(method, path, body, told = () => {}) {
  try {
    return await send(method, path, body, told);
  } catch (error) {
    const wait = error instanceof Problem ? mended(error.status) : null;
    if (!wait) throw error;
    await wait;
    return send(method, path, body, told);
  }
}

// A bar for it inside `box`, with words beside it; say(line) words a line of progress.
export function bar(box, say) {
  const gauge = document.createElement("progress");
  const words = document.createElement("span");
  words.className = "said";
  words.setAttribute("role", "status");
  box.className = "progress";
  box.replaceChildren(gauge, words);
  box.hidden = false;
  return (now) => {
    if (now.total) {
      gauge.max = now.total;
      gauge.value = now.done;
    } else gauge.removeAttribute("value");
    words.textContent = now.step === "upload"
      ? t("上传中 {percent}%", { percent: now.total ? Math.floor((now.done / now.total) * 100) : 0 })
      : say(now);
  };
}
