// Server-sent events: who listens to what, the sign when live is off, coming back without missing anything.
import { get } from "./api.js";
import { t } from "./language.js";

const KINDS = [
  "call_received", "call_updated", "segments_added", "call_held", "call_triaged", "proposal_changed", "notice",
  "queue_changed", "danger", "danger_acknowledged", "danger_escalated",
  "danger_answered", "leader_wanted", "leader_joined", "closing_released", "call_offered", "call_claimed", "call_released",
  "call_completed", "transfer_created", "transfer_cancelled", "transfer_confirmed", "transfer_returned",
  "ticket_received", "presence_changed", "callback_due", "case_changed", "triage_set_aside", "audit_alert", "export_changed",
  "knowledge_changed", "handover_changed", "shift_notice_changed",
];
const COME_BACK_MS = 2000;
// The server writes at least every 10 s; after this long a silent connection is taken for dead.
const SILENT_MS = 25000;

const listeners = [];
const catchUps = [];
let source = null;
// The page shows everything up to here: the stream goes on from it.
let lastId = document.body.dataset.liveSince || null;
let asRead = Boolean(lastId);
let lastSign = 0;
let timer = null;

// Called with the kind, the body and the id of every event.
export function onEvent(listener) {
  listeners.push(listener);
}

// Whether an event came after what `since` knows of; without either nothing is known, which counts as after.
export function isAfter(id, since) {
  if (!id || !since) return true;
  const [[txid, n], [knownTxid, known]] = [id, since].map((text) => text.split("-").map(Number));
  return txid > knownTxid || (txid === knownTxid && n > known);
}

// Called when the stream is open again: pages read anew what they show, whatever happened meanwhile.
export function onOpen(listener) {
  catchUps.push(listener);
}

function sign(state, text) {
  const element = document.getElementById("live-sign");
  if (!element || element.dataset.state === state) return;
  element.dataset.state = state;
  element.textContent = text;
}

function receive(event) {
  lastSign = Date.now();
  if (event.lastEventId) lastId = event.lastEventId;
  const body = JSON.parse(event.data);
  for (const listener of listeners) listener(event.type, body, event.lastEventId);
}

function open() {
  clearTimeout(timer);
  if (source) source.close();
  const query = lastId ? `?last_event_id=${encodeURIComponent(lastId)}` : "";
  source = new EventSource(`/api/v1/events${query}`);
  for (const kind of KINDS) source.addEventListener(kind, receive);
  source.addEventListener("alive", () => { lastSign = Date.now(); });
  source.addEventListener("reload", () => { for (const listener of catchUps) listener(); });
  source.onopen = () => {
    lastSign = Date.now();
    sign("on", t("实时"));
    if (!asRead) for (const listener of catchUps) listener();
    asRead = false;
  };
  source.onerror = () => {
    sign("off", t("实时更新已中断，正在重连…"));
    // the browser comes back by itself with Last-Event-ID unless the answer was an error, such as an ended session
    if (source.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(open, COME_BACK_MS);
    // why it was refused is not told to scripts; asking who I am brings the log-in dialog if that is it
    get("/api/v1/me").catch(() => {});
  };
}

export function startLive() {
  open();
  window.addEventListener("online", open);
  window.addEventListener("offline", () => sign("off", t("网络已断开，正在等待恢复…")));
  document.addEventListener("logged-in-again", open);
}

export function watchSilence() {
  if (!source || source.readyState !== EventSource.OPEN || Date.now() - lastSign < SILENT_MS) return;
  sign("off", t("实时更新没有回音，正在重连…"));
  lastSign = Date.now();
  open();
}
