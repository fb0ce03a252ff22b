// What callers say of what was done, and objections to dispatches: chosen by arrows, decided by a key.
import { post } from "./api.js";
import { chooseDepartment } from "./departments.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { soon } from "./panes.js";
import { showProblem, toast } from "./toasts.js";

const lists = document.getElementById("lists");
const refresh = soon(() => htmx.trigger(lists, "lists-stale"));
let chosen = null;

const picks = () => Array.from(lists.querySelectorAll("[data-pick]"));
const picked = (kind) => picks().find((part) => part.dataset.pick === chosen && (!kind || chosen.startsWith(kind)));

function mark() {
  for (const part of picks()) {
    const is = part.dataset.pick === chosen;
    part.classList.toggle("chosen", is);
    if (part.matches("section")) part.setAttribute("aria-current", String(is));
  }
}

function choose(part) {
  chosen = part.dataset.pick;
  mark();
  part.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const parts = picks();
  if (!parts.length) return;
  const at = parts.findIndex((part) => part.dataset.pick === chosen);
  choose(parts[Math.max(0, Math.min(parts.length - 1, at + step))]);
}

const first = (kind) => picked(kind) || picks().find((part) => part.dataset.pick.startsWith(kind));

async function decide(work) {
  try {
    await work();
  } catch (error) {
    showProblem(error);
  }
  refresh();
}

function appraise() {
  const row = first("undertaking");
  if (!row) return;
  choose(row);
  decide(async () => {
    const given = await ask("appraise-dialog", {
      about: row.dataset.undertakingId,
      check: (values) => {
        if (values.again && values.appraisal !== "unsatisfied") return t("只有不满意时才重新办理。");
        if (values.resolved !== "unasked" && values.appraisal === "unreached") return t("未联系上来电人，不能登记是否解决。");
        return null;
      },
      send: (values) => post(`/api/v1/undertakings/${row.dataset.undertakingId}/appraise`, {
        appraisal: values.appraisal, words: values.words || null, again: values.again === "yes",
        resolved: { yes: true, no: false }[values.resolved] ?? null,
      }),
    });
    if (given) toast(t("已登记来电人评价。"));
  });
}

// Where the service asks for more, the question appears in the dialog that is open.
async function send(path, body, form) {
  try {
    await post(path, body);
  } catch (error) {
    for (const part of form.querySelectorAll(".only-if")) if (part.dataset.if === error.kind) part.hidden = false;
    throw error;
  }
}

function uphold() {
  const part = first("objection");
  if (!part) return;
  choose(part);
  const form = document.querySelector("#uphold-dialog form");
  for (const more of form.querySelectorAll(".only-if")) more.hidden = true;
  decide(async () => {
    const given = ask("uphold-dialog", {
      about: part.dataset.objectionId,
      send: async (values) => {
        const path = `/api/v1/objections/${part.dataset.objectionId}`;
        const department = values.destination === "departments" ? await chooseDepartment(`${path}/departments`) : null;
        if (department === undefined) throw new Error(t("请选承办单位，或改选别的去向。"));
        await send(`${path}/decide`, {
          upheld: true, destination: values.destination, words: values.words || null, department,
          consent: values.consent === "yes", new_danger: values.new_danger === "yes",
        }, form);
      },
    });
    if (part.dataset.suggested) form.elements.destination.value = part.dataset.suggested;
    form.querySelector("input[name=destination]:checked").focus();
    if (await given) toast(t("异议成立，已改派。"));
  });
}

function reject() {
  const part = first("objection");
  if (!part) return;
  choose(part);
  decide(async () => {
    const given = await ask("reject-dialog", {
      about: part.dataset.objectionId,
      check: (values) => (values.words.trim() ? null : t("驳回异议请写明理由。")),
      send: (values) => post(`/api/v1/objections/${part.dataset.objectionId}/decide`, { upheld: false, words: values.words }),
    });
    if (given) toast(t("已驳回，承办单位继续办理。"));
  });
}

const ACTS = { appraise, uphold, reject };

lists.addEventListener("click", (event) => {
  const part = event.target.closest("[data-pick]");
  if (part) choose(part);
  const button = event.target.closest("[data-act]");
  if (button) ACTS[button.dataset.act]();
});
lists.addEventListener("htmx:afterSwap", mark);
onKey("ArrowDown", t("下一件"), () => move(1), { repeats: true });
onKey("ArrowUp", t("上一件"), () => move(-1), { repeats: true });
onKey("e", t("登记来电人评价"), appraise);
if (document.getElementById("uphold-dialog")) {
  onKey("u", t("异议成立，改派"), uphold);
  onKey("j", t("驳回异议"), reject);
}
onEvent((kind) => {
  if (kind === "case_changed" || kind === "call_completed") refresh();
});
onOpen(refresh);
