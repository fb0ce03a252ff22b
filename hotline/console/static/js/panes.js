// Parts of a page fetched from the server: the newest request wins, what did not change stays, so does the place.
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

// The text at `path`, null where a newer request for `target` took its place or it could not be read, which is told.
async function ask(target, path) {
  if (asked.has(target)) asked.get(target).abort();
  const turn = new AbortController();
  asked.set(target, turn);
  try {
    const response = await read(path, turn.signal);
    if (!response.ok) {
      toast(response.status === 404 ? t("这通来电或接单已经不在了。") : t("这部分内容读取失败，请稍后再试。"), true);
      return null;
    }
    const text = await response.text();
    return asked.get(target) === turn ? text : null;
  } catch (error) {
    // a newer request took this one's place, or the connection is away and live.js says so
    if (error.name === "AbortError" || error instanceof TypeError) return null;
    throw error;
  }
}

// Puts what was read from `path` into `target` and tells it "filled"; a growing transcript is followed at its end.
export function place(target, path, text) {
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
  const text = await ask(target, path);
  if (text !== null) place(target, path, text);
}

// Several parts in one answer: an object of HTML by name, or null; `target` is the pane the request counts for.
export async function parts(target, path) {
  const text = await ask(target, path);
  return text === null ? null : JSON.parse(text);
}

export function empty(target, text) {
  if (asked.has(target)) asked.get(target).abort();
  asked.delete(target);
  const line = document.createElement("p");
  line.className = "empty";
  line.textContent = text;
  target.replaceChildren(line);
  target.shownText = null;
  target.shownPath = null;
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
