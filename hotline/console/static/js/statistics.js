// Figures and charts of a period, each chart with its table below for those who do not see it.
import { get, post } from "./api.js";
import { onKey } from "./keys.js";
import { onEvent, onOpen } from "./live.js";
import { soon } from "./panes.js";
import { duration } from "./ticking.js";
import { showProblem, toast } from "./toasts.js";

const DAY_MS = 86400 * 1000;
const TOP = 12;
const labels = JSON.parse(document.getElementById("figures").dataset.labels);
const form = document.getElementById("period");
const stateLine = document.getElementById("statistics-state");
const charts = new Map();
let period = null;
let asked = 0;

const percent = (share) => (share === null || share === undefined ? "—" : `${Math.round(share * 100)}%`);
const name = (key, value) => {
  const known = labels[key] || {};
  if (key === "hour") return `${value} 时`;
  if (value === null || value === "") return known[""] || "未填";
  return known[value] || String(value);
};

// Days are days of Asia/Shanghai wherever the browser stands.
function shanghaiDay(offset = 0) {
  return new Date(Date.now() + 8 * 3600 * 1000 + offset * DAY_MS).toISOString().slice(0, 10);
}

function dayAfter(day, days = 1) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function choosePeriod(from, until, days) {
  period = { from, to: dayAfter(until) };
  form.elements.from.value = from;
  form.elements.until.value = until;
  for (const button of form.querySelectorAll("[data-days], [data-first]")) {
    const on = button.dataset.days ? Number(button.dataset.days) === days : button.dataset.first === from && button.dataset.last === until;
    button.setAttribute("aria-pressed", String(on));
    button.classList.toggle("secondary", !on);
  }
  const query = new URLSearchParams({ from, until });
  history.replaceState(null, "", `?${query}`);
  read();
}

async function read() {
  const turn = (asked += 1);
  const span = `from=${period.from}&to=${period.to}`;
  const byTime = dayAfter(period.from) === period.to ? "hour" : "day";
  stateLine.textContent = "读取中…";
  try {
    const path = (by) => get(`/api/v1/statistics/routing?${span}&by=${by}`);
    const [totals, queues, indicators, ...parts] = await Promise.all([
      get(`/api/v1/statistics/totals?${span}`), get("/api/v1/queues"), get(`/api/v1/statistics/indicators?${span}`),
      path("route"), path("destination"), path(byTime), path("topic"), path("region"), path("line"), path("proposed"),
    ]);
    if (turn !== asked) return;
    showTotals(totals);
    showQueues(queues.items);
    showIndicators(indicators.indicators);
    for (const link of document.querySelectorAll("[data-export]")) {
      const what = link.dataset.export === "indicators" ? "what=indicators" : `by=${link.dataset.export}`;
      link.href = `/api/v1/statistics/export?${span}&format=xlsx&${what}`;
    }
    const [route, destination, time, topic, region, line, proposed] = parts.map((part) => part.buckets);
    show("route", "route", "类别", byCount(route), pie);
    show("destination", "destination", "去向", byCount(destination), bar);
    document.getElementById("time-title").textContent = byTime === "hour" ? "时段（时）" : "日期";
    show("time", byTime, byTime === "hour" ? "时" : "日期", everyStep(time, byTime), curve);
    show("topic", "topic", "主题", byCount(topic).slice(0, TOP), bar);
    show("region", "region", "区域", byCount(region).slice(0, TOP), bar);
    show("line", "line", "线路", byCount(line), pie);
    show("proposed", "proposed", "建议去向", byCount(proposed), bar);
    stateLine.textContent = `更新于 ${new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" })}`;
  } catch (error) {
    if (turn === asked) stateLine.textContent = `读取失败：${error.message}`;
  }
}

function byCount(buckets) {
  return buckets.slice().sort((a, b) => b.count - a.count);
}

// Hours and days without calls are zero, not left out.
function everyStep(buckets, key) {
  const found = new Map(buckets.map((bucket) => [String(bucket.keys[key]), bucket]));
  const steps = [];
  const now = new Date(Date.now() + 8 * 3600 * 1000);
  const last = period.from === shanghaiDay() ? now.getUTCHours() : 23; // hours still to come are not empty hours
  if (key === "hour") for (let hour = 0; hour <= last; hour += 1) steps.push(hour);
  else for (let day = period.from; day < period.to && steps.length < 400; day = dayAfter(day)) steps.push(day);
  return steps.map((step) => found.get(String(step)) || { keys: { [key]: step }, count: 0, wait_p50_s: null, wait_p90_s: null, overruled_share: null, service_level: null });
}

function cell(text, number = false, tag = "td") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (number) element.className = "number";
  return element;
}

function table(heads, rows) {
  const element = document.createElement("table");
  element.className = "dense";
  const head = element.createTHead().insertRow();
  heads.forEach((text, index) => head.append(cell(text, index > 0, "th")));
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((text, index) => line.append(cell(text, index > 0)));
  }
  return element;
}

function showTotals(totals) {
  for (const element of document.querySelectorAll("[data-total]")) element.textContent = totals[element.dataset.total];
}

function showQueues(items) {
  const body = document.querySelector("#queues tbody");
  body.replaceChildren();
  for (const item of items) {
    const row = body.insertRow();
    row.append(cell(item.label || item.queue), cell(item.waiting), cell(item.waiting ? duration(item.longest_wait_s) : "—"), cell(item.agents_available), cell(percent(item.service_level)));
  }
}

// waits are upper bounds of buckets
function atMost(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  if (seconds < 60) return `≤${seconds}秒`;
  if (seconds < 3600) return `≤${Math.floor(seconds / 60)}分${seconds % 60 ? `${seconds % 60}秒` : ""}`;
  return `≤${seconds / 3600}小时`;
}

const share = (value) => (value === null ? "—" : `${(value * 100).toFixed(1)}%`);

// One key away from each figure stands what it means.
function showIndicators(items) {
  const tiles = document.getElementById("indicators");
  const body = document.querySelector("#definition-table tbody");
  tiles.replaceChildren();
  body.replaceChildren();
  for (const { name: title, definition, figures } of items) {
    const [figure] = figures;
    const tile = document.createElement("div");
    const value = cell(share(figure.value), false, "dd");
    if (figure.value !== null && definition.target !== null && figure.value < definition.target) value.className = "below";
    const base = figure.value === null ? figure.reason : `${figure.numerator} / ${figure.denominator}`;
    tile.title = `${definition.numerator.text} ÷ ${definition.denominator.text}`;
    tile.append(cell(title, false, "dt"), value, cell(base, false, "dd"));
    tile.lastChild.className = "muted small";
    tiles.append(tile);
    const row = body.insertRow();
    const target = definition.target === null ? "—" : `≥ ${share(definition.target)}`;
    const said = figure.value === null ? figure.reason : `${share(figure.value)}（${base}）`;
    row.append(cell(title), cell(said), cell(definition.numerator.text), cell(definition.denominator.text), cell(definition.exclusions.text || "—"), cell(definition.source), cell(target));
  }
}

function show(id, key, title, buckets, draw) {
  const card = document.querySelector(`[data-chart="${id}"]`);
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const rows = buckets.map((b) => [
    name(key, b.keys[key]), b.count, total ? percent(b.count / total) : "—", atMost(b.wait_p50_s), atMost(b.wait_p90_s), percent(b.overruled_share), percent(b.service_level),
  ]);
  card.querySelector(".chart-table").replaceChildren(table([title, "来电", "占比", "等候中位", "等候 P90", "改派占比", "达标"], rows));
  const box = card.querySelector(".chart");
  if (!total) {
    if (charts.has(id)) charts.get(id).dispose();
    charts.delete(id);
    box.className = "chart chart-empty";
    box.textContent = "这个时段没有来电。";
    return;
  }
  if (!charts.has(id)) {
    box.className = "chart";
    box.replaceChildren();
    charts.set(id, echarts.init(box, null, { renderer: "canvas" }));
  }
  charts.get(id).setOption(draw(key, buckets), true);
}

function token(property) {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

function base() {
  const dark = document.documentElement.getAttribute("data-theme") === "dark";
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("--ink") },
    color: dark
      ? ["#8fbdf5", "#f0b66a", "#86d9a0", "#ff9aa5", "#c7a6f0", "#7fd4d4", "#d9d36f"]
      : ["#1b4f8f", "#c26a00", "#1d6b38", "#b00020", "#6a3fa0", "#0e7c86", "#7a6a00"],
    tooltip: { confine: true, backgroundColor: token("--surface"), textStyle: { color: token("--ink") } },
  };
}

function pie(key, buckets) {
  const ink = token("--ink");
  return {
    ...base(),
    series: [{
      type: "pie", radius: ["32%", "62%"], center: ["50%", "52%"],
      label: { color: ink, formatter: (part) => `${part.name}\n${part.value}（${Math.round(part.percent)}%）`, lineHeight: 15 },
      itemStyle: { borderColor: token("--surface"), borderWidth: 2 },
      data: buckets.map((b) => ({ name: name(key, b.keys[key]), value: b.count })),
    }],
  };
}

function axes(option) {
  const soft = token("--ink-soft");
  const line = token("--line");
  const style = { axisLabel: { color: soft }, axisLine: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line } } };
  option.xAxis = { ...style, ...option.xAxis, axisLabel: { color: soft, ...(option.xAxis.axisLabel || {}) } };
  option.yAxis = { ...style, ...option.yAxis, axisLabel: { color: soft, ...(option.yAxis.axisLabel || {}) } };
  return option;
}

function bar(key, buckets) {
  const rows = buckets.slice().reverse();
  return axes({
    ...base(),
    grid: { left: 8, right: 40, top: 6, bottom: 4, containLabel: true },
    xAxis: { type: "value", minInterval: 1, splitNumber: 3 },
    yAxis: { type: "category", data: rows.map((b) => name(key, b.keys[key])), axisTick: { show: false }, axisLabel: { interval: 0, fontSize: 11 } },
    series: [{ type: "bar", data: rows.map((b) => b.count), barMaxWidth: 22, label: { show: true, position: "right", color: token("--ink") } }],
  });
}

function curve(key, buckets) {
  return axes({
    ...base(),
    tooltip: { ...base().tooltip, trigger: "axis" },
    grid: { left: 8, right: 16, top: 14, bottom: 4, containLabel: true },
    xAxis: { type: "category", boundaryGap: false, data: buckets.map((b) => (key === "hour" ? `${b.keys.hour}` : b.keys.day.slice(5))) },
    yAxis: { type: "value", minInterval: 1, splitNumber: 4 },
    series: [{ type: "line", data: buckets.map((b) => b.count), symbolSize: 5, areaStyle: { opacity: 0.12 } }],
  });
}

function quick(days) {
  choosePeriod(shanghaiDay(1 - days), shanghaiDay(), days);
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-days], [data-first]");
  if (button && button.dataset.days) quick(Number(button.dataset.days));
  else if (button) choosePeriod(button.dataset.first, button.dataset.last, 0);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { from, until } = form.elements;
  if (!from.value || !until.value || until.value < from.value) {
    toast("请填写起止日期，结束不早于开始。", true);
    return;
  }
  choosePeriod(from.value, until.value, 0);
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-repeat]");
  if (!button) return;
  try {
    await post(`/api/v1/calls/${button.dataset.repeat}/triage`);
    button.disabled = true;
    button.textContent = "已重新排入";
  } catch (error) {
    showProblem(error);
  }
});
window.addEventListener("resize", soon(() => charts.forEach((chart) => chart.resize()), 150));
document.addEventListener("theme-changed", read);
onKey("1", "今天", () => quick(1));
onKey("2", "近 7 天", () => quick(7));
onKey("3", "近 30 天", () => quick(30));
const reporting = [...form.querySelectorAll("[data-first]")];
onKey("4", "本报告期", () => reporting[0].click());
onKey("5", "上一报告期", () => reporting[1].click());
const definitions = document.getElementById("definitions");
onKey("d", "指标口径", () => definitions.showModal());
document.getElementById("show-definitions").addEventListener("click", () => definitions.showModal());
document.getElementById("close-definitions").addEventListener("click", () => definitions.close());

// figures are read again a little after something happened, not with every event of a busy hour
const soonAgain = soon(read, 3000);
onEvent((kind) => {
  if (kind !== "presence_changed") soonAgain();
});
onOpen(soonAgain);

const query = new URLSearchParams(location.search);
const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "");
if (isDay(query.get("from")) && isDay(query.get("until"))) {
  const today = query.get("from") === shanghaiDay() && query.get("until") === shanghaiDay();
  choosePeriod(query.get("from"), query.get("until"), today ? 1 : 0);
} else quick(1);
