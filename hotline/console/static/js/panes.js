// Parts of a page fetched from the server: the newest request wins, what did not change stays, so does the place.
import { failed, recovered, seen } from "./failures.js";
import { t } from "./language.js";
import { mended } from "./session.js";
import { tickNow } from "./ticking.js";
import { toast } from "./toasts.js";

const AT_END_PX = 40;
const asked = new WeakMap();

async function read(path, signal) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(path, { headers: { "HX-Request": "true" }, signal });
    const wait = attempt > 0 ? null : mended(response.status);
    if (!wait) return response;
    await wait;
  }
}

const WHY = { 403: t("没有权限读取这部分内容。"), 404: t("这通来电或接单已经不在了。") };

// Said where it would stand; what belongs to something else, such as the call chosen before, is not left there.
function tell(target, path, why, again) {
  if (!seen(target)) {
    toast(why, true);
    return;
  }
  const older = target.shownPath === path || (target.shownPath === undefined && !target.querySelector(":scope > .empty"));
  failed(target, why, again, !older);
  if (older) return;
  target.shownText = null;
  target.shownPath = null;
}

// The text at `path`, null where a newer request for `target` took its place or it could not be read, which is told.
async function ask(target, path, again) {
  if (asked.has(target)) asked.get(target).abort();
  const turn = new AbortController();
  asked.set(target, turn);
  try {
    const response = await read(path, turn.signal);
    if (!response.ok) {
      if (asked.get(target) === turn) tell(target, path, WHY[response.status] || t("服务没有正常回答，请稍后重试。"), again);
      return null;
    }
    const text = await response.text();
    return asked.get(target) === turn ? text : null;
  } catch (error) {
    // a newer request took this one's place
    if (error.name === "AbortError") return null;
    if (!(error instanceof TypeError)) throw error;
    if (asked.get(target) === turn) tell(target, path, t("连不上服务，恢复后再读。"), again);
    return null;
  }
}

// Puts what was read from `path` into `target` and tells it "filled"; a growing transcript is followed at its end.
export function place(target, path, text) {
  // an older request does not come back over it
  if (asked.has(target)) asked.get(target).abort();
  recovered(target);
  const same = target.shownPath === path;
  if (same && target.shownText === text) return;
  const atEnd = same && target.scrollHeight > target.clientHeight
    && target.scrollTop + target.clientHeight >= target.scrollHeight - AT_END_PX;
  const top = same ? target.scrollTop : 0;
  const open = same ? Array.from(target.querySelectorAll("details"), (part) => part.open) : [];
  target.shownPath = path;
  target.shownText = text;
  // escaped by the server's templates; scripts in it would not run: the policy allows none
  target.innerHTML = text;
  target.querySelectorAll("details").forEach((part, index) => { part.open = Boolean(open[index]); });
  tickNow(target);
  target.scrollTop = atEnd ? target.scrollHeight : top;
  target.dispatchEvent(new CustomEvent("filled"));
}

// Fetches `path` into `target`.
export async function fill(target, path) {
  const text = await ask(target, path, () => fill(target, path));
  if (text !== null) place(target, path, text);
}

// Several parts in one answer: an object of HTML by name, or null; `target` is the pane the request counts for, `again`
// asks for all of it once more.
export async function parts(target, path, again) {
  const text = await ask(target, path, again);
  return text === null ? null : JSON.parse(text);
}

export function empty(target, text) {
  recovered(target);
  if (asked.has(target)) asked.get(target).abort();
  asked.delete(target);
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = text;
  target.replaceChildren(line);
  target.shownText = null;
  target.shownPath = null;
}

// Calls `action` soon, and then not again for a pause, however much happens: the last thing is never missed.
export function paced(action, soonMs, pauseMs) {
  let timer = null;
  let last = 0;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      last = Date.now();
      action();
    }, Math.max(soonMs, last + pauseMs - Date.now()));
  };
}

// Calls `action` soon, once for many calls close together.
export function soon(action, delayMs = 40) {
  let timer = null;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      action();
    }, delayMs);
  };
}
