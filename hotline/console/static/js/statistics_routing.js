// Routing statistics of a period: what is asked stands in the address, one answer draws all charts and tables.
import { get } from "./api.js";
import { freshColours } from "./chart_ground.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { onEvent, onOpen } from "./live.js";
import { soon } from "./panes.js";
import * as draw from "./statistics_charts.js";
import { formOf, overTime, shares, startForms } from "./statistics_forms.js";
import { behind, dayAfter, shanghaiDay } from "./statistics_names.js";
import { whenSeen } from "./statistics_seen.js";
import { figuresTable, flowTable, showTotals, weekTable } from "./statistics_tables.js";
import { toast } from "./toasts.js";

const TOP = 12;
const FILTERS = ["line", "route", "queue", "topic", "region"];
const form = document.getElementById("period");
const stateLine = document.getElementById("statistics-state");
const totals = document.getElementById("totals");
const figures = document.getElementById("figures");
const charts = new Map();
const tables = new Map(); // by card: makes the table out of what was read last
let chosen = null; // { from, until, days }
let answer = null;
let turn = 0;
const onSight = whenSeen(figures.querySelectorAll("[data-chart]"), show);

function filters() {
  const found = {};
  for (const name of FILTERS) {
    const element = form.elements[name];
    // the option for "has none" is the first one with an empty value after 全部
    const none = element.options && element.selectedIndex > 0 && element.value === "";
    if (none) found[name] = "-";
    else if (element.value.trim()) found[name] = element.value.trim();
  }
  return found;
}

function choose(from, until, days = 0) {
  chosen = { from, until, days };
  form.elements.from.value = from;
  form.elements.until.value = until;
  for (const button of form.querySelectorAll("[data-days], [data-first]")) {
    const on = button.dataset.days ? Number(button.dataset.days) === days : button.dataset.first === from && button.dataset.last === until;
    button.setAttribute("aria-pressed", String(on));
    button.classList.toggle("secondary", !on);
  }
  ask();
}

// The period one names to compare with; nothing while it is not told in full.
function named() {
  const { compare, compare_from: from, compare_until: until } = form.elements;
  document.getElementById("compare-period").hidden = compare.value !== "period";
  return compare.value === "period" && from.value && until.value >= from.value ? { from: from.value, until: until.value } : null;
}

function ask() {
  const span = named();
  if (form.elements.compare.value === "period" && !span) {
    stateLine.textContent = t("请填对比时段的起止，结束不早于开始。");
    return;
  }
  const compare = form.elements.compare.value;
  const query = new URLSearchParams({ from: chosen.from, until: chosen.until, ...(compare === "none" ? {} : { compare }), ...filters() });
  if (span) {
    query.set("compare_from", span.from);
    query.set("compare_until", span.until);
  }
  // a moving period stays one when the address is kept: 近 7 天 is not these seven days
  if (chosen.days) {
    query.delete("from");
    query.delete("until");
    query.set("days", chosen.days);
  }
  history.replaceState(null, "", `?${query}`);
  const wanted = new URLSearchParams({ what: "report", form: "pdf", from: chosen.from, until: chosen.until });
  for (const name of ["line", "route", "compare", "compare_from", "compare_until"]) if (query.has(name)) wanted.set(name, query.get(name));
  document.getElementById("export-link").href = `/statistics/exports?${wanted}`;
  read();
}

// Charts that are seen are asked for and drawn first; the others are asked for right after and drawn when they are seen.
async function read() {
  const mine = (turn += 1);
  const asked = { from: chosen.from, to: dayAfter(chosen.until), filters: filters(), before: null };
  const query = new URLSearchParams({ from: asked.from, to: asked.to, compare: form.elements.compare.value, ...asked.filters });
  const span = named();
  if (span) {
    query.set("compare_from", span.from);
    query.set("compare_to", dayAfter(span.until));
  }
  stateLine.textContent = t("读取中…");
  figures.setAttribute("aria-busy", "true");
  const inView = cards().filter(isSeen);
  const later = cards().filter((card) => !inView.includes(card));
  const wanted = new Set(["whole", "time", ...inView.map(partOf)]);
  const others = new Set(later.map(partOf).filter((part) => !wanted.has(part)));
  const partsOf = (names) => get(`/api/v1/statistics/charts?${query}&parts=${[...names].join(",")}`);
  const sameAsked = answer && answer.query === String(query);
  try {
    const found = await partsOf(wanted);
    if (mine !== turn) return;
    // what is not seen stays as it is for a moment, and looks older than the rest when it is of another period
    for (const card of later) card.classList.toggle("older", !sameAsked);
    answer = { ...found, query: String(query), asked: { ...asked, before: found.before } };
    onSight.done(inView);
    show(inView);
    figures.dataset.seen = `${asked.from} ${asked.to}`;
    if (others.size) await painted();
    const more = others.size ? await partsOf(others) : { parts: {}, parts_before: {} };
    if (mine !== turn) return;
    Object.assign(answer.parts, more.parts);
    if (answer.parts_before) Object.assign(answer.parts_before, more.parts_before);
    onSight.later(later);
    onSight.near();
    const time = new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
    stateLine.textContent = t("更新于 {time}", { time });
    recovered(figures);
  } catch (error) {
    if (mine !== turn) return;
    stateLine.textContent = t("读取失败：{why}", { why: error.message });
    failed(figures, error.message, read, false);
    if (!answer) for (const card of document.querySelectorAll("[data-chart]")) note(card, "blank-failed", t("没有读到"));
  } finally {
    if (mine === turn) figures.removeAttribute("aria-busy");
  }
}

const cards = () => Array.from(figures.querySelectorAll("[data-chart]"));
const partOf = (card) => (card.dataset.chart === "waits" ? "time" : card.dataset.chart);

function isSeen(card) {
  const { top, bottom } = card.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
}

// All of them anew, as the colours or the size of the type ask for.
function redraw() {
  if (!answer) return;
  onSight.later(cards());
  onSight.near();
}

// What a hidden page never paints is not waited for.
const painted = () => new Promise((done) => {
  if (document.hidden) setTimeout(done);
  else requestAnimationFrame(() => setTimeout(done));
});

const byCount = (buckets) => buckets.slice().sort((a, b) => b.count - a.count);

// Hours and days without calls are zero, not left out; hours still to come are not empty hours.
function everyStep(buckets, key, from, to) {
  const found = new Map(buckets.map((bucket) => [String(bucket.keys[key]), bucket]));
  const steps = [];
  const now = new Date(Date.now() + 8 * 3600 * 1000);
  const last = from.slice(0, 10) === shanghaiDay() ? now.getUTCHours() : 23;
  if (key === "hour") for (let hour = 0; hour <= last; hour += 1) steps.push(hour);
  else for (let day = from.slice(0, 10); day < to.slice(0, 10) && steps.length < 400; day = dayAfter(day)) steps.push(day);
  const none = { count: 0, wait_p50_s: null, wait_p90_s: null, overruled_share: null, service_level: null, abandoned: 0, counts: {} };
  return steps.map((step) => found.get(String(step)) || { keys: { [key]: step }, ...none });
}

// Midnight of Asia/Shanghai as the API gives it, as a local day.
const localDay = (moment) => new Date(Date.parse(moment) + 8 * 3600 * 1000).toISOString().slice(0, 10);

// Draws these of the charts out of the answer, and the tiles above them.
function show(which) {
  const { parts, parts_before: before, time_by: step, asked } = answer;
  const past = (name) => (before ? before[name] : null);
  const timeName = step === "hour" ? t("时") : t("日期");
  freshColours();
  showTotals(totals, parts.whole[0], before && before.whole[0], asked);
  const inTime = (drawn, buckets = (all) => all) => (id) => {
    const steps = everyStep(parts.time, step, asked.from, asked.to);
    const stepsBefore = before ? everyStep(before.time, step, localDay(answer.before.from), localDay(answer.before.to)).slice(0, steps.length) : null;
    card(id, buckets(parts.time), () => drawn(steps, stepsBefore), () => figuresTable(timeName, step, steps, stepsBefore, asked));
  };
  const split = (title, drawn, top) => (name) => {
    const buckets = byCount(parts[name]);
    card(name, buckets, () => drawn(name, top ? buckets.slice(0, top) : buckets, past(name)), () => figuresTable(title, name, buckets, past(name), asked));
  };
  const inForms = (title) => (name) => {
    const form = formOf(name);
    recovered(boxOf(name));
    // lines stay until the new ones are here
    const stays = form === "line" && document.querySelector(`[data-chart="${name}"]`).dataset.drawn === "line";
    if (form === "pie") split(title, shares)(name);
    else split(title, stays ? () => null : draw.bars, TOP)(name);
    if (form === "line") drawOverTime(name, step, everyStep(parts.time, step, asked.from, asked.to), byCount(parts[name]));
  };
  const kinds = {
    flow: (id) => card(id, parts.flow, () => draw.flow(parts.flow), () => flowTable(parts.flow, past("flow"), asked)),
    week: (id) => card(id, parts.week, () => draw.week(parts.week), () => weekTable(parts.week, asked)),
    time: inTime((steps, stepsBefore) => draw.curve(step, steps, stepsBefore)),
    waits: inTime((steps) => draw.waits(step, steps), (all) => all.filter((bucket) => bucket.wait_p50_s !== null)),
    queue: split(t("队列"), draw.waitBars),
    org: split(t("承办组"), draw.bars),
    proposed: split(t("建议去向"), draw.overruled),
    topic: inForms(t("主题")),
    region: inForms(t("区域")),
    destination: split(t("去向"), draw.bars),
    route: split(t("类别"), draw.ring),
    line: split(t("线路"), draw.ring),
    intake: split(t("来源"), draw.bars),
  };
  for (const one of which) if (parts[partOf(one)]) kinds[one.dataset.chart](one.dataset.chart);
  for (const one of which) one.classList.remove("older");
}

// What an option is made of: of the same parts as the one before it is changed where it stands, which costs half.
const parts = (option) => [...Object.keys(option).filter((name) => option[name]), ...option.series.map((one) => one.type)].join(" ");

function put(id, option) {
  const { dataset } = document.querySelector(`[data-chart="${id}"]`);
  const same = dataset.parts === parts(option);
  charts.get(id).setOption(option, same ? { replaceMerge: ["series"] } : true);
  dataset.parts = parts(option);
  dataset.drawn = option.series[0].type;
}

const boxOf = (name) => document.querySelector(`[data-chart="${name}"] .chart-box`);

// Bars stand there until the days have been asked for, and below the notice when they cannot be had.
async function drawOverTime(name, step, steps, buckets) {
  const mine = answer;
  if (!charts.has(name) || !buckets.length) return;
  try {
    const option = await overTime(name, step, steps, buckets, mine.asked);
    if (answer !== mine || formOf(name) !== "line") return;
    put(name, option);
    recovered(boxOf(name));
  } catch (error) {
    if (answer !== mine || formOf(name) !== "line") return;
    failed(boxOf(name), error.message, () => drawOverTime(name, step, steps, buckets), false);
  }
}

function note(target, kind, text) {
  const line = target.querySelector(".chart-note");
  line.className = `blank ${kind} chart-note`;
  line.textContent = text;
  line.hidden = !text;
}

// One card: the chart or its table in the same box, so that nothing moves.
function card(id, buckets, option, tableOf) {
  const target = document.querySelector(`[data-chart="${id}"]`);
  const box = target.querySelector(".chart");
  // long tables are made when somebody wants to see them
  const table = target.querySelector(".chart-table");
  tables.set(target, () => table.replaceChildren(tableOf()));
  if (table.hidden) table.replaceChildren();
  else tables.get(target)();
  const empty = !buckets.some((bucket) => bucket.count > 0);
  note(target, "", empty ? t("这个时段没有来电。") : "");
  box.classList.toggle("out", empty);
  if (empty) return;
  if (!charts.has(id)) {
    const made = echarts.init(box, null, { renderer: "canvas" });
    made.on("click", (event) => open(event.data));
    charts.set(id, made);
  }
  const made = option();
  if (made) put(id, made);
}

function open(data) {
  if (!data || !data.keys) return;
  const { asked } = answer;
  location.assign(behind(data.past ? { ...asked, ...asked.before } : asked, data.keys, "calls"));
}

function asTable(target, on) {
  onSight.now(target);
  target.querySelector(".chart").classList.toggle("behind-table", on);
  const table = target.querySelector(".chart-table");
  table.hidden = !on;
  if (on && !table.firstChild && tables.has(target)) tables.get(target)();
  const button = target.querySelector("[data-switch]");
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? t("图形") : t("表格");
}

function allTables() {
  const button = document.getElementById("all-tables");
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  for (const target of document.querySelectorAll("[data-chart]")) asTable(target, on);
}

const quick = (days) => choose(shanghaiDay(1 - days), shanghaiDay(), days);

document.getElementById("figures").addEventListener("click", (event) => {
  const button = event.target.closest("[data-switch]");
  if (button) asTable(button.closest("[data-chart]"), button.getAttribute("aria-pressed") !== "true");
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-days], [data-first]");
  if (button && button.dataset.days) quick(Number(button.dataset.days));
  else if (button) choose(button.dataset.first, button.dataset.last);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { from, until } = form.elements;
  if (!from.value || !until.value || until.value < from.value) {
    toast(t("请填写起止日期，结束不早于开始。"), true);
    return;
  }
  const moved = from.value !== chosen.from || until.value !== chosen.until;
  choose(from.value, until.value, moved ? 0 : chosen.days);
});
form.addEventListener("change", (event) => {
  if (event.target.name !== "from" && event.target.name !== "until" && chosen) ask();
});
document.getElementById("all-tables").addEventListener("click", allTables);
window.addEventListener("resize", soon(() => charts.forEach((chart) => chart.resize()), 150));
document.addEventListener("theme-changed", redraw);
startForms(redraw);
document.addEventListener("type-size-changed", redraw);
onKey("1", t("今天"), () => quick(1));
onKey("2", t("近 7 天"), () => quick(7));
onKey("3", t("近 28 天"), () => quick(28));
const reporting = [...form.querySelectorAll("[data-first]")];
onKey("4", t("本报告期"), () => reporting[0].click());
onKey("5", t("上一报告期"), () => reporting[1].click());
onKey("t", t("图形或表格"), allTables);
onKey("e", t("导出"), () => document.getElementById("export-link").click());
onKey("c", t("选择比较"), () => form.elements.compare.focus());

// figures are read again a little after something happened, not with every event of a busy hour
const soonAgain = soon(() => chosen && read(), 5000);
onEvent((kind) => {
  if (kind !== "presence_changed") soonAgain();
});
onOpen(soonAgain);

function start() {
  const query = new URLSearchParams(location.search);
  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "");
  for (const name of [...FILTERS, "compare", "compare_from", "compare_until"]) {
    if (!query.has(name)) continue;
    const element = form.elements[name];
    if (query.get(name) === "-") element.selectedIndex = Array.from(element.options).findIndex((option, index) => index > 0 && option.value === "");
    else element.value = query.get(name);
  }
  if (isDay(query.get("from")) && isDay(query.get("until"))) choose(query.get("from"), query.get("until"));
  else quick([1, 7, 28].includes(Number(query.get("days"))) ? Number(query.get("days")) : 7);
}
start();
