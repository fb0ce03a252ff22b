// One beat a second: waits count up, countdowns count down, and whoever asks is called.
import { t } from "./language.js";

const listeners = new Set();

export function everySecond(listener) {
  listeners.add(listener);
}

function pad(number) {
  return String(number).padStart(2, "0");
}

// The same words as hotline.console.render.duration
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 3600) return t("{m}分{s}秒", { m: Math.floor(whole / 60), s: pad(whole % 60) });
  if (whole < 86400) return t("{h}时{m}分", { h: Math.floor(whole / 3600), m: pad(Math.floor((whole % 3600) / 60)) });
  return t("{d}天{h}时", { d: Math.floor(whole / 86400), h: Math.floor((whole % 86400) / 3600) });
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Sets what counts within `root` to this moment.
export function tickNow(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("[data-since]")) {
    setText(element, duration((now - Date.parse(element.dataset.since)) / 1000));
  }
  for (const element of root.querySelectorAll("[data-until]")) {
    setText(element, t("{n} 秒", { n: Math.max(0, Math.ceil((Date.parse(element.dataset.until) - now) / 1000)) }));
  }
}

export function startTicking() {
  const clock = new Worker("/static/js/ticker.js");
  clock.onmessage = () => {
    tickNow();
    for (const listener of listeners) listener();
  };
}
