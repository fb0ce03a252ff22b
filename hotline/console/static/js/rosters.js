// The week of all rosters: drawn from the plan, planned by key, mouse and dialog; who was faster is told.
import { get, post, put, request } from "./api.js";
import { ask } from "./dialogs.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { DAY_MS, HOUR_MS, clock, draw, hours, labelOf, localInput, nameOf, span, weekBegin, weekday } from "./roster_board.js";
import { startFiles } from "./roster_files.js";
import { startMoves } from "./roster_moves.js";
import { startRotations } from "./roster_rotations.js";
import { showProblem, toast } from "./toasts.js";

const board = document.getElementById("board");
const writable = board.dataset.write === "yes";
const state = document.getElementById("roster-state");
const moveState = document.getElementById("move-state");
let plan = JSON.parse(board.dataset.plan);
let lanes = new Map();
let moves = null;
let openRotations = null;

function button(text, act) {
  const element = Object.assign(document.createElement("button"), { type: "button", className: "secondary", textContent: text });
  element.addEventListener("click", act);
  return element;
}

function showState() {
  const gaps = plan.groups.reduce((sum, group) => sum + group.gap_hours, 0);
  const parts = [];
  const line = (text, bad) => Object.assign(document.createElement(bad ? "strong" : "span"), { className: bad ? "short" : "muted", textContent: text });
  if (gaps) parts.push(line(t("无人值班 {hours} 小时", { hours: Math.round(gaps * 10) / 10 }), true), button(`${t("下一处空档")} G`, nextGap));
  const unplanned = plan.groups.filter((group) => !group.rostered).length;
  if (unplanned === plan.groups.length) parts.push(line(t("还没有排班，各组都视为有人在岗。"), true));
  else if (unplanned) parts.push(line(t("{n} 个组还没有排班，视为有人在岗", { n: unplanned }), false));
  else if (!gaps) parts.push(line(t("本周各组都有人值班"), false));
  for (const each of plan.overlaps.slice(0, 4)) {
    const start = Date.parse(each.start);
    const where = each.queues[0] === each.queues[1] ? t("重复") : each.queues.map((queue) => labelOf(plan, queue)).join("／");
    parts.push(line(t("冲突：{name} {when} {where}", { name: nameOf(plan, each.user_id), when: `${weekday(start)} ${span(start, Date.parse(each.end))}`, where }), true));
  }
  if (plan.overlaps.length > 4) parts.push(line(t("还有 {count} 处冲突", { count: plan.overlaps.length - 4 }), true));
  if (plan.changed_by) {
    const at = Date.parse(plan.changed_at);
    parts.push(line(t("{name} {time} 改动", { name: plan.changed_by, time: `${localInput(at).slice(5, 10)} ${clock(at)}` }), false));
  }
  state.replaceChildren(...parts);
}

function nextGap() {
  const gaps = [...board.querySelectorAll(".gap:not([hidden])")];
  const next = gaps[(gaps.indexOf(document.activeElement) + 1) % gaps.length];
  if (next) next.focus();
}

function show(newPlan, focus = null) {
  plan = newPlan;
  lanes = draw(board, plan, writable, { onDay: changeDay, onGap: fillGap, onBlock: openBlock });
  showState();
  const part = focus && board.querySelector(`[data-shift="${focus}"]`);
  if (part) part.focus();
}

async function reload() {
  show(await get(`/api/v1/rosters/plan?week=${plan.monday}`));
}

// Somebody was faster: their week is shown, and what was about to be saved stays at hand.
async function refused(error) {
  try {
    if (error.kind === "week-changed" || error.kind === "shift-not-found") await reload();
    if (moves) moves.resume();
  } finally {
    // told last: who reads it can go on at once
    showProblem(error);
  }
}

const iso = (moment) => new Date(moment).toISOString();
const edit = (to) => ({ week: plan.monday, version: plan.version, queue: to.queue, user_id: to.user_id, start: iso(to.start), end: iso(to.end) });

function tell(text) {
  moveState.textContent = text;
  moveState.hidden = !text;
  state.hidden = Boolean(text);
}

async function save(item, to) {
  try {
    const answer = await put(`/api/v1/rosters/shifts/${item.id}`, edit(to));
    show(answer.plan, item.id);
    tell("");
    toast(t("已保存。"));
    return true;
  } catch (error) {
    await refused(error);
    return false;
  }
}

function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, false, String(value) === String(chosen))));
}

function peopleOf(queue) {
  const group = plan.groups.find((each) => each.queue === queue);
  const people = Object.entries(plan.people).filter(([, person]) => !person.left && group.roles.includes(person.role));
  return people.map(([id, person]) => [id, person.name]).sort((a, b) => a[1].localeCompare(b[1], "zh-CN"));
}

function choosePeople(form, values) {
  options(form.elements.queue, plan.groups.map((each) => [each.queue, each.label]), values.queue);
  const fill = () => {
    options(form.elements.user_id, peopleOf(form.elements.queue.value), values.user_id);
    if (form.elements.substitute_id) options(form.elements.substitute_id, peopleOf(form.elements.queue.value), "");
  };
  form.elements.queue.onchange = fill;
  fill();
}

// The dialog resets its form when it opens, so what it starts with goes in right after.
function fillSoon(form, fill) {
  queueMicrotask(() => fill(form));
}

async function newShift(values = {}) {
  const form = document.querySelector("#shift-dialog form");
  const focused = document.activeElement && document.activeElement.item;
  const start = values.start || (focused ? focused.start : weekBegin(plan) + 8 * HOUR_MS);
  const end = values.end || (focused ? focused.end : start + 8 * HOUR_MS);
  fillSoon(form, () => {
    choosePeople(form, { queue: values.queue || (focused && focused.queue), user_id: values.user_id || (focused && focused.user_id) });
    options(form.elements.day, plan.days.map((day) => [day.day, `${day.weekday} ${day.day.slice(5)}`]), localInput(start).slice(0, 10));
    form.elements.from.value = clock(start);
    form.elements.to.value = clock(Math.min(end, start + 24 * HOUR_MS));
    form.elements.user_id.focus();
  });
  let made = null;
  await ask("shift-dialog", {
    title: values.id ? t("改动班次") : t("新增班次"),
    about: values.id || [values.queue || "", start, end].join("-"),
    send: async (given) => {
      const from = Date.parse(`${given.day}T${given.from}:00+08:00`);
      let until = Date.parse(`${given.day}T${given.to}:00+08:00`);
      if (until <= from) until += DAY_MS;
      const body = edit({ queue: given.queue, user_id: Number(given.user_id), start: from, end: until });
      try {
        made = values.id ? await put(`/api/v1/rosters/shifts/${values.id}`, body) : await post("/api/v1/rosters/shifts", body);
      } catch (error) {
        if (error.kind === "week-changed") await reload();
        throw error;
      }
    },
  });
  if (made) {
    show(made.plan, made.shift_id);
    toast(t("已保存。"));
  }
}

async function changeDuty(item) {
  const form = document.querySelector("#override-dialog form");
  const toRotation = document.getElementById("change-rotation");
  let wanted = false;
  toRotation.hidden = item.look !== "turn";
  toRotation.onclick = () => {
    wanted = true;
    document.getElementById("override-dialog").close();
  };
  fillSoon(form, () => {
    choosePeople(form, item);
    form.elements.start.value = localInput(item.start);
    form.elements.end.value = localInput(item.end);
    form.elements.kind.focus();
  });
  const stored = await ask("override-dialog", {
    about: [item.queue, item.user_id, item.start].join("-"),
    send: (given) => post("/api/v1/rosters/overrides", {
      queue: given.queue, kind: given.kind, user_id: Number(given.user_id),
      substitute_id: given.kind === "replace" ? Number(given.substitute_id) : null,
      start: `${given.start}:00+08:00`, end: `${given.end}:00+08:00`,
    }),
  });
  if (stored) await reload();
  if (wanted) await openRotations(item.rotation_id);
}

async function changeDay(day) {
  const form = document.querySelector("#day-dialog form");
  fillSoon(form, () => {
    form.elements.workday.value = day.entered ? String(day.kind === "workday" || day.kind === "makeup") : "null";
    form.elements.note.value = day.entered ? day.name || "" : "";
  });
  let answer = null;
  await ask("day-dialog", {
    title: `${t("节假日与调休")} ${day.day} ${day.weekday}`,
    about: day.day,
    send: async (given) => {
      answer = await put(`/api/v1/rosters/days/${day.day}`, { workday: JSON.parse(given.workday), note: given.note });
    },
  });
  if (answer) show(answer.plan);
}

function fillGap(group, start, end) {
  if (writable) newShift({ queue: group.queue, start, end: Math.min(end, start + 12 * HOUR_MS) });
}

function openBlock(part, item) {
  if (!writable || (moves && moves.moving())) return;
  if (item.look === "shift") newShift(item);
  else if (item.look === "turn") changeDuty(item);
  else removeItem(item);
}

async function removeItem(item) {
  const shift = item.look === "shift";
  if (item.look === "turn") {
    changeDuty(item);
    return;
  }
  const what = `${nameOf(plan, item.user_id)} ${weekday(item.start)} ${span(item.start, item.end)}`;
  if (!confirm(shift ? t("删去班次：{what}？", { what }) : t("撤销调班：{what}？", { what }))) return;
  try {
    const path = shift ? `shifts/${item.id}?week=${plan.monday}&version=${plan.version}` : `overrides/${item.id}`;
    await request("DELETE", `/api/v1/rosters/${path}`);
    await reload();
    toast(shift ? t("已删去。") : t("已撤销。"));
  } catch (error) {
    await refused(error);
  }
}

async function copyWeek() {
  try {
    const { copied, plan: newPlan } = await post("/api/v1/rosters/copy-week", { week: plan.monday, version: plan.version });
    show(newPlan);
    toast(copied ? t("从上周复制了 {copied} 个班次。", { copied }) : t("上周没有可复制的班次，或都已在本周。"));
  } catch (error) {
    await refused(error);
  }
}

show(plan);
document.addEventListener("type-size-changed", () => show(plan));
onKey("[", t("上周"), () => document.getElementById("earlier").click());
onKey("]", t("下周"), () => document.getElementById("later").click());
onKey("g", t("下一处空档"), nextGap);
if (writable) {
  moves = startMoves(board, { plan: () => plan, lanes: () => lanes, save, tell });
  const openFiles = startFiles({ labelOf: (queue) => labelOf(plan, queue), applied: reload });
  options(document.getElementById("import-form").elements.queue, [["", t("按文件")], ...plan.groups.map((each) => [each.queue, each.label])], "");
  document.getElementById("new-shift").addEventListener("click", () => newShift());
  document.getElementById("copy-week").addEventListener("click", copyWeek);
  document.getElementById("open-import").addEventListener("click", openFiles);
  openRotations = startRotations({ plan: () => plan, peopleOf, options, fillSoon, reload });
  document.getElementById("open-rotations").addEventListener("click", () => openRotations());
  onKey("r", t("轮值：新增、改动、结束"), () => openRotations((document.activeElement.item || {}).rotation_id));
  onKey("n", t("新增班次"), () => newShift());
  onKey("c", t("复制上周的班次"), copyWeek);
  onKey("i", t("导入值班表"), openFiles);
  onKey("Delete", t("删去班次、撤销调班"), () => { if (document.activeElement.item) removeItem(document.activeElement.item); });
  onKey(["ArrowLeft", "ArrowRight"], t("移动班次 30 分钟；Ctrl 移一天，Shift 改长短"), () => {}, { when: () => false });
  onKey(["ArrowUp", "ArrowDown"], t("班次换人"), () => {}, { when: () => false });
}
