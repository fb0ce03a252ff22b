// The danger banner: stays until somebody acknowledges; only danger level 2 makes noise.
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { onEvent, onOpen } from "./live.js";
import { everySecond } from "./ticking.js";
import { showProblem, toast } from "./toasts.js";

const AGAIN_S = 8;
let audio = null;
let seconds = 0;

// Browsers play nothing before the first key or click on a page; until then the banner says so.
export function beep() {
  const silent = !navigator.userActivation || !navigator.userActivation.hasBeenActive;
  for (const note of document.querySelectorAll(".banner.alarm .silent")) note.hidden = !silent;
  if (silent) return;
  if (!audio) audio = new AudioContext();
  if (audio.state === "suspended") audio.resume().catch(() => {});
  for (const [delay, pitch] of [[0, 880], [0.22, 660], [0.44, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.value = 0.12;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + delay);
    tone.stop(audio.currentTime + delay + 0.16);
  }
}

function sounding() {
  return document.querySelector('.banner.alarm[data-level="2"]') !== null;
}

async function acknowledge(callId) {
  try {
    await post(`/api/v1/calls/${callId}/acknowledge`);
    toast("危险警报已确认。");
  } catch (error) {
    showProblem(error);
  }
  stale();
}

function stale() {
  htmx.trigger("#alarms", "alarms-stale");
}

export function startAlarms() {
  const box = document.getElementById("alarms");
  if (!box) return;
  let sounded = new Set();
  box.addEventListener("htmx:afterSwap", () => {
    const now = new Set(Array.from(box.querySelectorAll('[data-level="2"]'), (a) => a.dataset.callId));
    if (Array.from(now).some((id) => !sounded.has(id))) {
      beep();
      seconds = 0;
    }
    sounded = now;
  });
  onEvent((kind) => {
    if (kind.startsWith("danger")) stale();
  });
  onOpen(stale);
  everySecond(() => {
    seconds += 1;
    if (sounding() && seconds % AGAIN_S === 0) beep();
  });
  if (box.dataset.mayAcknowledge !== "yes") return;
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-acknowledge]");
    if (button) acknowledge(button.dataset.acknowledge);
  });
  onKey("a", "确认危险警报", () => {
    const first = box.querySelector("[data-acknowledge]");
    if (first) acknowledge(first.dataset.acknowledge);
    else toast("没有待确认的危险警报。");
  });
}
