// The idle lock: keys and pointer are told to the service now and then; after long enough without any the page is
// covered, unless the service says that its person has work in hand. Tabs of one browser share the clock.
import { beep } from "./alarms.js";
import { post } from "./api.js";
import { t } from "./language.js";
import { onEvent } from "./live.js";
import { cover, isCovered } from "./session.js";
import { everySecond } from "./ticking.js";

const TELL_EVERY_MS = 60000;
const ASK_AGAIN_MS = 30000;
const BEEP_EVERY_S = 8;
const KEY = "last-input";

let told = Date.now();
let mine = 0; // the last input in this tab
let asked = 0;

const lastInput = () => Math.max(Number(localStorage.getItem(KEY)) || 0, mine);

function touched() {
  if (isCovered()) return;
  mine = Date.now();
  if (mine - (Number(localStorage.getItem(KEY)) || 0) > 1000) localStorage.setItem(KEY, String(mine));
}

function tell() {
  told = Date.now();
  // a lock or an ended session is answered by the dialog; a service that is away is told by live.js
  post("/api/v1/me/activity").catch(() => {});
}

async function askForLock() {
  asked = Date.now();
  try {
    const answer = await post("/api/v1/me/lock", {}, { quiet: true });
    if (answer.locked) cover();
  } catch (error) {
    // another tab's lock is answered by api.js; a service that is away is told by live.js
  }
}

function startWarnings() {
  const line = document.querySelector("#lock-dialog .lock-alarm");
  const userId = Number(document.body.dataset.userId);
  const seesAlarms = document.getElementById("alarms") !== null;
  let alarm = false;
  let seconds = 0;
  const warn = (text) => {
    line.textContent = text;
    line.hidden = false;
  };
  onEvent((kind, event) => {
    if (!isCovered()) return;
    if (kind === "danger" && seesAlarms && event.level >= 2) {
      if (!alarm) beep();
      alarm = true;
      warn(t("有危险正在发生的来电，请立即解锁处理。"));
    } else if (kind === "call_offered" && event.user_id === userId && !alarm) {
      warn(t("有来电正在等您接，请解锁。"));
    }
  });
  everySecond(() => {
    seconds += 1;
    if (alarm && seconds % BEEP_EVERY_S === 0) beep();
  });
  document.addEventListener("uncovered", () => {
    alarm = false;
    line.hidden = true;
    mine = Date.now();
    localStorage.setItem(KEY, String(mine));
  });
}

export function startIdleLock() {
  const limit = Number(document.body.dataset.idleLockS) * 1000;
  if (!limit || !document.getElementById("lock-dialog")) return;
  mine = Date.now(); // the page was opened by somebody
  localStorage.setItem(KEY, String(mine));
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"]) {
    document.addEventListener(kind, touched, { capture: true, passive: true });
  }
  startWarnings();
  everySecond(() => {
    if (isCovered()) return;
    const now = Date.now();
    if (mine > told && now - told >= Math.min(TELL_EVERY_MS, limit / 4)) tell();
    if (now - lastInput() >= limit && now - asked >= ASK_AGAIN_MS) askForLock();
  });
}
