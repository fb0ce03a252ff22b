// Rotations: who takes turns, how long, when; each change is drawn on the week as it would be, and kept when saved.
import { post, put, request } from "./api.js";
import { ask } from "./dialogs.js";
import { dropDraft, readDraft, writeDraft } from "./drafts.js";
import { t } from "./language.js";
import { clock, draw, hours, localInput, nameOf, weekBegin } from "./roster_board.js";
import { toast } from "./toasts.js";

const DAYS = [t("周一"), t("周二"), t("周三"), t("周四"), t("周五"), t("周六"), t("周日")];
const HANDOVER_MS = 8 * 3600 * 1000;

const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const time = (minute) => `${String(Math.floor((minute % 1440) / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function button(text, label, act) {
  const element = Object.assign(make("button", text, "secondary"), { type: "button", title: label });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

// page: {plan(), peopleOf(queue), options(select, pairs, chosen), fillSoon(form, fill), reload()}
export function startRotations(page) {
  const form = document.querySelector("#rotation-dialog form");
  const people = document.getElementById("rotation-people");
  const adding = document.getElementById("rotation-person");
  const windows = document.getElementById("rotation-windows");
  const state = document.getElementById("rotation-state");
  const board = document.getElementById("rotation-board");
  let chosen = null;
  let members = [];
  let asked = 0;

  const fields = form.elements;
  // a name that does not begin with its queue was given elsewhere and is left as it is
  const fullName = () => (chosen && chosen.label === fields.name.value.trim() ? chosen.name : `${fields.queue.value}·${fields.name.value.trim()}`);
  const moment = (text) => (text ? `${text}:00+08:00` : null);

  function body() {
    return {
      queue: fields.queue.value,
      name: fullName(),
      id: chosen ? chosen.id : null,
      participants: members,
      shift_length: Number(fields.shift_length.value),
      shift_unit: fields.shift_unit.value,
      headcount: Number(fields.headcount.value),
      start: moment(fields.start.value),
      end: moment(fields.end.value),
      windows: Array.from(windows.children, (row) => ({
        weekdays: Array.from(row.querySelectorAll("[type=checkbox]:checked"), (box) => Number(box.value)),
        start_minute: minutes(row.querySelector("[data-part=from]").value || "00:00"),
        end_minute: minutes(row.querySelector("[data-part=to]").value || "00:00") || 1440,
      })),
    };
  }

  function wrong() {
    if (!members.length) return t("请至少加一个人。");
    if (!fields.start.value) return t("请填第一次交班的时间。");
    if (Array.from(windows.children).some((row) => !row.querySelector("[type=checkbox]:checked"))) return t("每个时段至少选一天。");
    return null;
  }

  function showBoard(plan) {
    const group = plan.groups.find((each) => each.queue === fields.queue.value);
    draw(board, { ...plan, groups: [group] }, false, { onDay() {}, onGap() {}, onBlock() {} });
    // looked at, not acted on: the keys go past it
    for (const part of board.querySelectorAll("button")) part.tabIndex = -1;
    return group;
  }

  async function look() {
    asked += 1;
    const turn = asked;
    const missing = wrong();
    if (missing) {
      state.textContent = missing;
      board.replaceChildren();
      return;
    }
    try {
      const answer = await post(`/api/v1/rosters/rotations/preview?week=${page.plan().monday}`, body());
      if (turn !== asked) return;
      const group = showBoard(answer.plan);
      state.textContent = t("这一周排出 {turns} 班；“{group}”无人值班 {hours} 小时。", { turns: answer.turns, group: group.label, hours: hours(group.gap_hours * 3600000) });
    } catch (error) {
      if (turn !== asked) return;
      state.textContent = error.message;
      board.replaceChildren();
    }
  }

  function order(at, by) {
    const to = at + by;
    if (to < 0 || to >= members.length) return;
    [members[at], members[to]] = [members[to], members[at]];
    showPeople(to);
    changed();
  }

  function leave(at) {
    members.splice(at, 1);
    showPeople(Math.min(at, members.length - 1));
    changed();
  }

  function showPeople(focus = null) {
    people.replaceChildren(...members.map((id, at) => {
      const name = nameOf(page.plan(), id);
      const item = make("li");
      item.append(make("span", name, "name"),
        button("↑", t("{name} 提前", { name }), () => order(at, -1)),
        button("↓", t("{name} 推后", { name }), () => order(at, 1)),
        button("✕", t("{name} 移出", { name }), () => leave(at)));
      return item;
    }));
    page.options(adding, page.peopleOf(fields.queue.value).filter(([id]) => !members.includes(Number(id))), "");
    if (focus === null) return;
    if (focus < 0) adding.focus();
    else people.children[focus].querySelector("button").focus();
  }

  function addWindow(window = { weekdays: [1, 2, 3, 4, 5], start_minute: 510, end_minute: 1080 }) {
    const row = make("div", undefined, "field-row rotation-window");
    for (const [at, day] of DAYS.entries()) {
      const label = make("label");
      label.append(Object.assign(document.createElement("input"), { type: "checkbox", value: at + 1, checked: window.weekdays.includes(at + 1) }), day);
      row.append(label);
    }
    for (const [part, text, minute] of [["from", t("起"), window.start_minute], ["to", t("止"), window.end_minute]]) {
      const label = make("label", text);
      const input = Object.assign(document.createElement("input"), { type: "time", required: true, value: time(minute) });
      input.dataset.part = part;
      label.append(input);
      row.append(label);
    }
    row.append(button("✕", t("删去这个时段"), () => {
      row.remove();
      document.getElementById("window-add").focus();
      changed();
    }));
    windows.append(row);
    return row;
  }

  // What is not saved yet is kept by rotation: its people and times are not fields of the form alone.
  const draftName = () => `rotation-${chosen ? chosen.id : "new"}`;

  function keep() {
    const { shift_length: length, shift_unit: unit, headcount, participants, windows: times } = body();
    writeDraft(draftName(), {
      name: fields.name.value, queue: fields.queue.value, start: fields.start.value, end: fields.end.value,
      shift_length: length, shift_unit: unit, headcount, participants, windows: times,
    });
  }

  function changed() {
    keep();
    look();
  }

  function show(values) {
    fields.queue.value = values.queue;
    members = [...values.participants];
    for (const name of ["name", "shift_length", "shift_unit", "headcount", "start", "end"]) fields[name].value = values[name];
    windows.replaceChildren();
    for (const window of values.windows) addWindow(window);
    showPeople();
  }

  function choose(id) {
    const plan = page.plan();
    chosen = plan.rotations.find((each) => String(each.id) === String(id)) || null;
    const choices = plan.rotations.map((each) => {
      const group = plan.groups.find((one) => one.queue === each.queue);
      const text = `${group ? group.label : each.queue} · ${each.label}`;
      return [each.id, each.end && Date.parse(each.end) <= Date.now() ? t("{text}（已结束）", { text }) : text];
    });
    page.options(fields.rotation, [["", t("新增轮值")], ...choices], chosen ? chosen.id : "");
    page.options(fields.queue, plan.groups.map((each) => [each.queue, each.label]), chosen ? chosen.queue : fields.queue.value);
    document.getElementById("rotation-remove").hidden = !chosen;
    show({
      name: chosen ? chosen.label : "",
      participants: chosen ? chosen.participants : [],
      shift_length: chosen ? chosen.shift_length : 1,
      shift_unit: chosen ? chosen.shift_unit : "days",
      headcount: chosen ? chosen.headcount : 1,
      start: localInput(chosen ? Date.parse(chosen.start) : weekBegin(plan) + HANDOVER_MS),
      end: chosen && chosen.end ? localInput(Date.parse(chosen.end)) : "",
      windows: chosen ? chosen.windows : [],
      queue: fields.queue.value,
      // not saved yet: typed before Esc, a reload or a new log-in
      ...readDraft(draftName()),
    });
    look();
  }

  async function open(id = "") {
    page.fillSoon(form, () => {
      choose(id);
      fields.rotation.focus();
    });
    const kept = await ask("rotation-dialog", {
      check: wrong,
      send: () => put("/api/v1/rosters/rotations", { ...body(), seen: chosen ? chosen.mark : "" }),
    });
    asked += 1;
    if (!kept) return;
    dropDraft(draftName());
    await page.reload();
    toast(t("已保存轮值。"));
  }

  async function remove() {
    if (!chosen || !confirm(t("删除轮值“{name}”？以前排出的班也一并消失；只是不再轮，请用“现在起结束”。", { name: chosen.label }))) return;
    const problem = form.querySelector(".problem");
    try {
      await request("DELETE", `/api/v1/rosters/rotations/${chosen.id}?${new URLSearchParams({ seen: chosen.mark })}`);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      return;
    }
    dropDraft(draftName());
    document.getElementById("rotation-dialog").close();
    await page.reload();
    toast(t("已删除轮值。"));
  }

  document.getElementById("rotation-remove").addEventListener("click", remove);
  fields.rotation.addEventListener("change", () => choose(fields.rotation.value));
  fields.queue.addEventListener("change", () => {
    const fit = new Set(page.peopleOf(fields.queue.value).map(([id]) => Number(id)));
    members = members.filter((each) => fit.has(each));
    showPeople();
  });
  form.addEventListener("input", (event) => {
    if (event.target !== fields.rotation && event.target !== adding) keep();
  });
  form.addEventListener("change", (event) => {
    if (event.target !== fields.rotation && event.target !== adding) changed();
  });
  document.getElementById("rotation-add").addEventListener("click", () => {
    if (!adding.value) return;
    members.push(Number(adding.value));
    showPeople();
    adding.focus();
    changed();
  });
  document.getElementById("rotation-end").addEventListener("click", () => {
    const now = Date.now();
    fields.end.value = `${localInput(now).slice(0, 11)}${clock(now)}`;
    changed();
  });
  document.getElementById("window-add").addEventListener("click", () => {
    addWindow().querySelector("input").focus();
    changed();
  });
  return open;
}
