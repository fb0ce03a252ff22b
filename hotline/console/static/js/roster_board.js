// The week's board out of a plan: rows of groups and people, blocks of their turns, gaps, overlaps.
import { t } from "./language.js";

export const HOUR_MS = 3600 * 1000;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;
const WEEKDAYS = [t("周一"), t("周二"), t("周三"), t("周四"), t("周五"), t("周六"), t("周日")];
const OVERRIDES = { add: "＋", remove: "－", replace: "⇄" };

const pad = (number) => String(number).padStart(2, "0");
// Midnight of the Monday in Asia/Shanghai, which keeps no summer time.
export const weekBegin = (plan) => Date.parse(`${plan.monday}T00:00:00+08:00`);
const wall = (moment) => new Date(moment + 8 * HOUR_MS);
export const clock = (moment) => `${pad(wall(moment).getUTCHours())}:${pad(wall(moment).getUTCMinutes())}`;
export const localInput = (moment) => wall(moment).toISOString().slice(0, 16);
export const weekday = (moment) => WEEKDAYS[(wall(moment).getUTCDay() + 6) % 7];

export function span(start, end) {
  const until = clock(end) === "00:00" ? "24:00" : clock(end);
  return `${clock(start)}–${until}`;
}

// A narrow block has no room for both ends in full: 8:30–18 instead of 08:30–18:00. Its title says it in full.
const ROOMY_MS = 11.5 * HOUR_MS;
const SLIM_MS = 5 * HOUR_MS;
const seen = (plan, start, end) => Math.min(end, weekBegin(plan) + WEEK_MS) - Math.max(start, weekBegin(plan));
// Large type takes the room of a longer block.
const typeSize = () => Number(document.documentElement.dataset.typeSize || 100) / 100;
const tight = (text) => text.replace(/^0/, "").replace(":00", "");

// seenFrom, seenUntil: what of it nothing lies over.
export function label(plan, start, end, [seenFrom, seenUntil] = [start, end]) {
  const full = span(start, end);
  const room = seen(plan, seenFrom, seenUntil) / typeSize();
  if (room >= ROOMY_MS) return full;
  const [from, until] = full.split("–").map(tight);
  return room < SLIM_MS ? `${from}–` : `${from}–${until}`;
}

export function hours(ms) {
  return String(Math.round((ms / HOUR_MS) * 10) / 10);
}

// Left and width of a span within the week, by the style object: the policy allows no style attributes.
export function place(element, plan, start, end) {
  const begin = weekBegin(plan);
  const first = Math.max(start, begin);
  const last = Math.min(end, begin + WEEK_MS);
  element.hidden = first >= last;
  element.style.left = `${((first - begin) / WEEK_MS) * 100}%`;
  element.style.width = `${(Math.max(0, last - first) / WEEK_MS) * 100}%`;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function nameOf(plan, userId) {
  const person = plan.people[userId];
  if (!person) return "?";
  return person.left ? t("{name}（已停用）", { name: person.name }) : person.name;
}

export function labelOf(plan, queue) {
  const group = plan.groups.find((each) => each.queue === queue);
  return group ? group.label : queue;
}

function dayRow(plan, writable, onDay) {
  const row = make("div", "board-row board-days");
  const days = make("div", "days");
  for (const day of plan.days) {
    const kind = day.kind === "workday" ? "" : day.kind === "makeup" ? " makeup" : " rest";
    const cell = make(writable ? "button" : "div", `day${day.today ? " today" : ""}${kind}`);
    if (writable) {
      cell.type = "button";
      cell.addEventListener("click", () => onDay(day));
      cell.title = t("更正节假日或调休");
    }
    const notes = [day.label, day.name, day.entered ? t("本市更正") : "", day.provisional ? t("暂按周一至周五") : ""];
    cell.append(`${day.weekday} ${day.day.slice(5)}${day.today ? ` ${t("今天")}` : ""}`, make("small", "", notes.filter(Boolean).join(" · ")));
    days.append(cell);
  }
  row.append(make("div", "who", ""), days);
  return row;
}

function groupRow(plan, group, onGap) {
  const row = make("div", "board-row group-row");
  const who = make("div", "who", group.label);
  const names = group.on_duty.map((id) => nameOf(plan, id)).join("、");
  if (!group.rostered) who.append(make("span", "on-duty", t("未排班")));
  who.title = group.rostered ? t("现在在岗：{names}", { names: names || t("无人") }) : t("还没有排班，视为有人");
  const lane = make("div", "lane");
  for (const gap of group.gaps) {
    const [start, end] = [Date.parse(gap.start), Date.parse(gap.end)];
    const part = make("button", "gap", (seen(plan, start, end) >= ROOMY_MS ? t("无人 {hours} 小时", { hours: hours(end - start) }) : t("缺 {hours}h", { hours: hours(end - start) })));
    part.type = "button";
    part.dataset.gap = group.queue;
    part.title = `${weekday(start)} ${span(start, end)}`;
    part.setAttribute("aria-label", `${part.textContent}: ${group.label} ${weekday(start)} ${span(start, end)}`);
    part.addEventListener("click", () => onGap(group, start, end));
    place(part, plan, start, end);
    lane.append(part);
  }
  row.append(who, lane);
  return row;
}

function clashes(plan, item) {
  return plan.overlaps.some((each) => each.user_id === item.user_id && each.queues.includes(item.queue)
    && Date.parse(each.start) < item.end && item.start < Date.parse(each.end));
}

export function describe(plan, item) {
  return `${nameOf(plan, item.user_id)} · ${labelOf(plan, item.queue)} · ${weekday(item.start)} ${span(item.start, item.end)}`;
}

const isOverride = ({ look }) => look === "add" || look === "remove";

// The first stretch of a turn that no change of it lies over; all of it where nothing is left.
function uncovered(item, beside) {
  const over = isOverride(item) ? [] : beside.filter((each) => isOverride(each) && each.start < item.end && item.start < each.end);
  let { start, end } = item;
  for (const each of over) if (each.start <= start) start = Math.max(start, each.end);
  for (const each of over) if (each.start > start) end = Math.min(end, each.start);
  return start < end ? [start, end] : [item.start, item.end];
}

// beside: what else stands in its lane, by when it starts.
function block(plan, item, beside) {
  const free = uncovered(item, beside);
  const part = make("button", `block block-${item.look}`);
  part.type = "button";
  part.textContent = `${item.sign || ""}${label(plan, item.start, item.end, free)}`;
  part.title = `${describe(plan, item)}${item.note ? ` · ${item.note}` : ""}`;
  // what is written on it is part of its name, in short as well
  part.setAttribute("aria-label", part.textContent.endsWith(span(item.start, item.end)) ? part.title : `${part.textContent} · ${part.title}`);
  part.item = item;
  if (item.look === "shift") part.dataset.shift = item.id;
  if (clashes(plan, item)) part.classList.add("clash");
  place(part, plan, item.start, item.end);
  // its words begin where it can be seen
  if (free[0] > item.start) part.style.paddingLeft = `calc(${(seen(plan, item.start, free[0]) / WEEK_MS) * 100}% + .25rem)`;
  return part;
}

function itemsOf(plan) {
  const times = (each) => ({ ...each, start: Date.parse(each.start), end: Date.parse(each.end) });
  const items = plan.shifts.map((each) => ({ ...times(each), look: "shift", note: t("班次") }));
  for (const each of plan.turns) items.push({ ...times(each), look: "turn", note: t("轮值 {name}", { name: each.name }) });
  for (const each of plan.overrides) {
    const override = times(each);
    const away = each.kind !== "add";
    items.push({ ...override, look: away ? "remove" : "add", sign: OVERRIDES[each.kind], note: t("调班") });
    if (each.kind === "replace") items.push({ ...override, user_id: each.substitute_id, look: "add", sign: OVERRIDES.replace, note: t("替班") });
  }
  return items;
}

// Draws the whole week; acts: onDay, onGap, onBlock(item). Returns the lanes by "queue/user".
export function draw(board, plan, writable, acts) {
  const items = itemsOf(plan);
  const lanes = new Map();
  const rows = [dayRow(plan, writable, acts.onDay)];
  const now = Date.now();
  for (const group of plan.groups) {
    rows.push(groupRow(plan, group, acts.onGap));
    const own = items.filter((item) => item.queue === group.queue);
    const people = [...new Set(own.map((item) => item.user_id))].sort((a, b) => nameOf(plan, a).localeCompare(nameOf(plan, b), "zh-CN"));
    for (const userId of people) {
      const row = make("div", "board-row");
      const lane = make("div", "lane");
      lane.dataset.queue = group.queue;
      lane.dataset.user = userId;
      lane.setAttribute("role", "group");
      lane.setAttribute("aria-label", `${group.label} ${nameOf(plan, userId)}`);
      const inLane = own.filter((each) => each.user_id === userId).sort((a, b) => a.start - b.start);
      for (const item of inLane) {
        const part = block(plan, item, inLane);
        part.addEventListener("click", (event) => { if (event.detail === 0 || item.look !== "shift") acts.onBlock(part, item); });
        lane.append(part);
      }
      lanes.set(`${group.queue}/${userId}`, lane);
      const who = make("div", "who", nameOf(plan, userId));
      who.title = who.textContent;
      row.append(who, lane);
      rows.push(row);
    }
  }
  board.replaceChildren(...rows);
  if (now >= weekBegin(plan) && now < weekBegin(plan) + WEEK_MS) {
    for (const lane of board.querySelectorAll(".lane")) {
      const line = make("span", "now-line");
      line.style.left = `${((now - weekBegin(plan)) / WEEK_MS) * 100}%`;
      lane.append(line);
    }
  }
  return lanes;
}
