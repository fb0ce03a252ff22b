// The danger banner: stays until somebody acknowledges. Only danger level 2 makes noise, and only at the consoles that an
// alarm has reached (routing/danger/escalation.py); shift leaders see here who asks for them.
import { post } from "./api.js";
import { onKey } from "./keys.js";
import { onEvent, onOpen } from "./live.js";
import { everySecond } from "./ticking.js";
import { t } from "./language.js";
import { showProblem, toast } from "./toasts.js";

const AGAIN_S = 8;
const LOUD = new Set(["danger", "danger_escalated", "danger_acknowledged", "leader_wanted", "leader_joined", "call_held", "call_completed"]);
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
  return document.querySelector('.banner.alarm[data-sounds="yes"]') !== null;
}

async function acknowledge(callId) {
  try {
    await post(`/api/v1/calls/${callId}/acknowledge`);
    toast(t("危险警报已确认。"));
  } catch (error) {
    showProblem(error);
  }
  stale();
}

async function join(callId) {
  try {
    await post(`/api/v1/calls/${callId}/join`);
    toast(t("已加入。请话务员把您接入三方通话。"));
    document.querySelector(`.leader-wanted [data-open-call="${callId}"]`).click();
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
    const now = new Set(Array.from(box.querySelectorAll('[data-sounds="yes"]'), (a) => `${a.dataset.callId} ${a.dataset.stage}`));
    if (Array.from(now).some((id) => !sounded.has(id))) {
      beep();
      seconds = 0;
    }
    sounded = now;
  });
  onEvent((kind) => {
    if (LOUD.has(kind)) stale();
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
    const joining = event.target.closest("[data-join]");
    if (joining) join(joining.dataset.join);
  });
  onKey("a", t("确认危险警报"), () => {
    // the call in view before the oldest
    const inView = document.body.dataset.shownCall;
    const first = (inView && box.querySelector(`[data-acknowledge="${inView}"]`)) || box.querySelector("[data-acknowledge]");
    if (first) acknowledge(first.dataset.acknowledge);
    else toast(t("没有待确认的危险警报。"));
  });
  onKey("g", t("班长：加入请求的来电"), () => {
    const first = box.querySelector("[data-join]");
    if (first) join(first.dataset.join);
  }, { when: () => box.querySelector("[data-join]") !== null });
}
