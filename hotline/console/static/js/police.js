// The police desk: dangers first; acknowledge, accept, send back as no police matter.
import { post } from "./api.js";
import { choice, startList, unchoose } from "./case_list.js";
import { otherNeedsWords } from "./case_acts.js";
import { act, currentCall, open, side, state } from "./desk_hand.js";
import { startDesk } from "./desk_start.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { toast } from "./toasts.js";

const first = () => side.querySelector("[data-choose]");

// The chosen call, else the first of the list: danger stands there.
function accept() {
  const callId = choice() ? choice().callId : first() && first().dataset.ofCall;
  if (!callId) {
    toast(t("队列里现在没有您可接的来电。"));
    return;
  }
  act(async () => {
    const taken = await post(`/api/v1/police/calls/${callId}/accept`, {});
    unchoose(false);
    await open(String(taken.assignment_id), callId);
  });
}

function noPoliceMatter() {
  const callId = choice() ? choice().callId : currentCall() && currentCall().callId;
  if (!callId) return;
  act(async () => {
    let made = null;
    const given = await ask("no-police-dialog", {
      about: callId,
      check: otherNeedsWords,
      send: async (values) => {
        made = await post(`/api/v1/police/calls/${callId}/return`, { reason: values.reason, words: values.words || null });
      },
    });
    if (!given) return;
    toast(made.queue ? t("已作非警务退回，由其他席接办。") : t("已退出协同，来电由原承办席继续。"));
    if (choice()) unchoose();
  });
}

onKey("Enter", t("接警：选中的，否则第一件"), accept, { when: () => !state().ringingQueue && !currentCall() });
onKey("b", t("退回：非警务"), noPoliceMatter);
onKey("Alt+b", t("手上的来电退回：非警务"), noPoliceMatter, { inFields: true });
startList();
startDesk({
  "accept-police": accept,
  "no-police": noPoliceMatter,
  acknowledge: () => act(() => post(`/api/v1/calls/${choice().callId}/acknowledge`)),
});
