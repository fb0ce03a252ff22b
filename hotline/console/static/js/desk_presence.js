// Presence, what rings, the next call, leases kept alive, the end of wrap-up.
import { post, put } from "./api.js";
import { act, inHand, refreshSide, state, takeNext, wrapped } from "./desk_hand.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { everySecond } from "./ticking.js";
import { toast } from "./toasts.js";

// Keys work again as soon as the call is claimed.
export function next() {
  return takeNext(state().ringingQueue || null, () => toast(t("队列里现在没有您可接的来电。")));
}

export function refuse() {
  const { ringingQueue } = state();
  if (!ringingQueue) return;
  act(async () => {
    await post(`/api/v1/queues/${ringingQueue}/refuse`);
    toast(t("已谢绝，来电回到队列原位。"));
  });
}

export const waitsInWrapUp = () => state().presence === "wrap_up";

// Once for each call; whoever needs longer says 小休.
export function extendWrapUp() {
  // what the side shows may be a moment old: a call just ended is wrapped up whatever it says
  if (!waitsInWrapUp() && !wrapped()) return;
  if (waitsInWrapUp() && state().wrapUpExtensionS === "0") {
    toast(t("整理时间只能延长一次；没写完可以接着写，照常保存。"));
    return;
  }
  act(async () => {
    await post("/api/v1/presence/wrap-up");
    toast(t("整理时间已延长。"));
  });
}

export function setPresence(value) {
  act(() => put("/api/v1/presence", { presence: value }));
}

let beat = 0;

function keepLeases() {
  beat += 1;
  for (const button of inHand()) {
    if (beat % Number(button.dataset.heartbeatS) !== 0) continue;
    post(`/api/v1/assignments/${button.dataset.assignmentId}/heartbeat`, {}, { quiet: true }).catch((error) => {
      if (error.kind === "lease-lost") {
        toast(t("租约已到期，来电回到了队列；笔记仍在本机。"), true);
        refreshSide();
      }
    });
  }
  const { wrapUpUntil } = state();
  if (wrapUpUntil && Date.parse(wrapUpUntil) < Date.now() && beat % 2 === 0) refreshSide();
}

export function startPresence() {
  everySecond(keepLeases);
  onKey("Enter", t("接听振铃的来电"), next, { when: () => state().ringingQueue });
  onKey("Alt+Enter", t("接听（在输入框里）"), next, { inFields: true, when: () => state().ringingQueue });
  onKey("Escape", t("谢绝振铃的来电"), refuse, { when: () => state().ringingQueue });
  onKey(" ", t("接下一个"), next);
  onKey("Alt+j", t("接下一个（在输入框里）"), next, { inFields: true });
  onKey("Alt+e", t("延长整理时间（每通一次）"), extendWrapUp, { inFields: true });
  onKey("1", t("状态：空闲"), () => setPresence("available"));
  onKey("2", t("状态：小休"), () => setPresence("paused"));
  onKey("3", t("状态：离线"), () => setPresence("offline"));
}
