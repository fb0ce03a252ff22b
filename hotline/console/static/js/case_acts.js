// What is done with a case: taken on, steps, ended or answered, returned, objected to, put off.
import { post } from "./api.js";
import { choice, chooseNamed, refreshChosen, unchoose } from "./case_list.js";
import { act, state, workPane } from "./desk_hand.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const SHANGHAI_MS = 8 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const SESSION = "session";

// What the pane shows counts only when it is what was chosen: a key pressed while it loads acts on nothing.
function shownAs(id, name) {
  const part = choice() && workPane.querySelector(id);
  return part && choice().name === name(part.dataset) ? part : null;
}

export const offered = () => shownAs("#case-offer", (data) => `item-${data.itemId}`);
export const file = () => shownAs("#case-file", (data) => `undertaking-${data.undertakingId}`);
const mine = () => file() && file().dataset.mine === "yes" && file().dataset.state === "handling";
const orphan = () => file() && file().dataset.orphaned === "yes";
const own = (path) => `/api/v1/undertakings/${file().dataset.undertakingId}/${path}`;

function tomorrowMorning() {
  return `${new Date(Date.now() + SHANGHAI_MS + DAY_MS).toISOString().slice(0, 10)}T09:30`;
}

// verb: the path of the desk's own kind of acceptance
export function accept(verb, itemId, callId) {
  return act(async () => {
    const taken = await post(`/api/v1/items/${itemId}/${verb}`);
    toast(t("已受理，案号 {code}", { code: taken.code }));
    await chooseNamed(`undertaking-${taken.undertaking_id}`, `/desk/cases/${taken.undertaking_id}`, callId);
  });
}

function takeOver() {
  act(async () => {
    await post(own("take-over"), {});
    toast(t("已接手。"));
    refreshChosen();
  });
}

function planStep(kind = null) {
  if (!mine()) return;
  const form = document.querySelector("#step-dialog form");
  const path = own("steps");
  const { undertakingId } = file().dataset;
  act(async () => {
    const given = ask("step-dialog", {
      title: kind === SESSION ? t("安排调解会") : t("安排下一步"),
      about: undertakingId,
      check: (values) => (values.due_at ? null : t("请填写时间。")),
      send: (values) => post(path, { kind: values.kind, due_at: `${values.due_at}:00+08:00`, note: values.note || null }),
    });
    form.elements.due_at.value = tomorrowMorning();
    if (kind) form.elements.kind.value = kind;
    form.querySelector("input[name=kind]:checked").focus();
    if (await given) refreshChosen();
  });
}

function stepDone(stepId = null) {
  if (!mine()) return;
  const step = workPane.querySelector(stepId ? `[data-step-id="${stepId}"]` : "[data-step-id]");
  if (!step) {
    toast(t("没有待办的步骤；按 S 安排下一步。"));
    return;
  }
  const id = step.dataset.stepId;
  act(async () => {
    const given = await ask("result-dialog", {
      title: t("登记结果：{kind}", { kind: step.dataset.stepKind }),
      about: id,
      check: (values) => (values.result.trim() ? null : t("请写明这一步的结果。")),
      send: (values) => post(`/api/v1/steps/${id}/done`, { result: values.result }),
    });
    if (given) refreshChosen();
  });
}

// path: "end" of mediators, "reply" of departments
export function finish(path, told) {
  if (!mine()) return;
  const about = file().dataset.undertakingId;
  const target = own(path);
  act(async () => {
    const given = await ask("end-dialog", {
      about,
      check: (values) => (values.text.trim() ? null : t("请写明内容。")),
      send: (values) => post(target, { outcome: values.outcome, text: values.text }),
    });
    if (!given) return;
    toast(told);
    refreshChosen();
  });
}

export const otherNeedsWords = (values) => (values.reason === "other" && !values.words.trim() ? t("选“其他”时请写明理由。") : null);

// dialog: of the reasons; path: below the item or the undertaking
export function giveReason(dialog, path, told, { stay = false } = {}) {
  const base = offered() ? `/api/v1/items/${offered().dataset.itemId}/` : own("");
  const callId = choice().callId;
  act(async () => {
    let made = null;
    const given = await ask(dialog, {
      about: callId,
      check: otherNeedsWords,
      send: async (values) => {
        const body = { reason: values.reason, words: values.words || null };
        if (values.suggested) body.suggested = values.suggested;
        made = await post(`${base}${path}`, body);
      },
    });
    if (!given) return;
    toast(told);
    if (stay) await chooseNamed(`undertaking-${made.undertaking_id}`, `/desk/cases/${made.undertaking_id}`, callId);
    else unchoose();
  });
}

function extend() {
  if (!mine() || file().dataset.mayExtend !== "yes") return;
  const path = own("extend");
  const about = file().dataset.undertakingId;
  act(async () => {
    const given = await ask("extend-dialog", {
      about,
      check: (values) => (values.reason.trim() ? null : t("延期需要写明理由。")),
      send: (values) => post(path, { workdays: Number(values.workdays), reason: values.reason }),
    });
    if (given) refreshChosen();
  });
}

// The keys and buttons both desks have; what differs comes from the desk: its verb of acceptance.
export function startActs(verb) {
  const acceptChosen = () => accept(verb, offered().dataset.itemId, choice().callId);
  onKey("Enter", t("受理选中的一件"), acceptChosen, { when: () => offered() && !state().ringingQueue });
  onKey("Enter", t("接手无人承办的一件"), takeOver, { when: () => orphan() && !state().ringingQueue });
  onKey("s", t("安排下一步"), () => planStep());
  onKey("d", t("登记这一步的结果"), () => stepDone());
  onKey("x", t("延期（一次）"), extend);
  onKey("Alt+l", t("手上的来电立案受理"), () => {
    const button = document.querySelector('[data-act="accept-hand"]');
    if (button) button.click();
  }, { inFields: true });
  return {
    "accept-case": acceptChosen,
    "accept-hand": (button) => accept(verb, button.dataset.itemId, document.getElementById("work-form").dataset.callId),
    "take-over": takeOver,
    step: () => planStep(),
    session: () => planStep(SESSION),
    "step-done": (button) => stepDone(button.dataset.step),
    "extend-case": extend,
  };
}
