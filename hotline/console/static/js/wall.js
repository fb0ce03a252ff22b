// The wall: faces take turns, figures come by themselves, a lost connection is said and mended without anybody.
import { t } from "./language.js";

const FACE_MS = 12000;
const SILENT_MS = 25000;
const RETRY_MS = 4000;
const LONG_WAIT_S = 300;
const NIGHTLY_RELOAD_HOUR = 4; // a page that runs for months gets fresh files once a day
const SVG = "http://www.w3.org/2000/svg";
const faces = [...document.querySelectorAll(".face")];
const started = Date.now();
let shown = 0;
let lastHeard = Date.now();
let lastFigures = null;
let danger = null; // { open, since }
let source = null;

const clockTime = (moment) => moment.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
const set = (id, text) => { document.getElementById(id).textContent = text; };

function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return t("{n} 秒", { n: whole });
  if (whole < 3600) return t("{m} 分 {s} 秒", { m: Math.floor(whole / 60), s: whole % 60 });
  return t("{h} 时 {m} 分", { h: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) });
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function showQueues(queues) {
  const rows = queues.map((queue) => {
    const row = document.createElement("tr");
    const wait = queue.longest_wait_s;
    row.append(
      element("td", queue.label), element("td", queue.waiting, queue.waiting ? "waits" : ""),
      element("td", wait === null ? "—" : length(wait), wait > LONG_WAIT_S ? "long" : ""), element("td", queue.agents_available),
    );
    return row;
  });
  document.querySelector('[data-face="queues"] tbody').replaceChildren(...rows);
}

function showToday(today) {
  const tiles = [
    [t("来电"), today.calls], [t("已接办"), today.taken], [t("等待中"), today.waiting], [t("处理中"), today.in_hand],
    [t("时限内接单"), today.service_level], [t("改派占比"), today.overruled], [t("排队挂断"), today.abandoned], [t("危险警报"), today.alarms],
  ];
  document.querySelector('[data-face="today"] dl').replaceChildren(...tiles.map(([name, value]) => {
    const tile = document.createElement("div");
    tile.append(element("dt", name), element("dd", value));
    return tile;
  }));
}

function showHours(hours, before) {
  const most = Math.max(4, ...hours, ...before);
  const parts = [];
  const add = (tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    parts.push(made);
  };
  const height = (n) => (n / most) * 310;
  hours.forEach((n, hour) => {
    add("rect", { x: hour * 40 + 5, y: 350 - height(n), width: 30, height: height(n) });
    if (n) add("text", { x: hour * 40 + 20, y: 342 - height(n) }, n);
    if (hour % 3 === 0) add("text", { x: hour * 40 + 20, y: 388, class: "axis" }, hour);
  });
  add("polyline", { points: before.map((n, hour) => `${hour * 40 + 20},${350 - height(n)}`).join(" ") });
  document.querySelector('[data-face="hours"] svg').replaceChildren(...parts);
}

function showBars(id, items) {
  const most = Math.max(1, ...items.map((item) => item.count));
  document.getElementById(id).replaceChildren(...items.slice(0, 6).map((item) => {
    const row = document.createElement("div");
    const bar = document.createElement("progress");
    bar.max = most;
    bar.value = item.count;
    row.append(element("span", item.label), bar, element("b", item.count));
    return row;
  }));
}

function show(figures) {
  lastFigures = new Date(figures.at);
  danger = { open: figures.danger.open, since: Date.now() - figures.danger.longest_s * 1000 };
  showQueues(figures.queues);
  showToday(figures.today);
  showHours(figures.hours, figures.hours_week_ago);
  showBars("wall-lines", figures.lines);
  showBars("wall-routes", figures.routes);
  set("wall-updated", t("更新于 {time}", { time: clockTime(lastFigures) }));
}

function turn(to) {
  shown = (to + faces.length) % faces.length;
  faces.forEach((face, index) => { face.hidden = index !== shown; });
  set("wall-title", faces[shown].dataset.title);
  set("wall-dots", faces.map((face, index) => (index === shown ? "●" : "○")).join(""));
}

function lost(text) {
  const line = document.getElementById("wall-lost");
  line.textContent = text;
  line.hidden = !text;
}

function connect() {
  if (source) source.close();
  source = new EventSource("/wall/stream");
  source.addEventListener("figures", (event) => {
    lastHeard = Date.now();
    lost("");
    show(JSON.parse(event.data));
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(again, RETRY_MS);
  };
}

// The stream was refused: the registration ended, or the service is away. A page that may show nothing shows its code.
async function again() {
  try {
    const answer = await fetch("/wall/paired");
    if (answer.ok && !(await answer.json()).paired) location.reload();
  } catch (error) {
    // no connection: the next try says more
  }
  connect();
}

async function waitForPairing() {
  try {
    const answer = await fetch("/wall/paired");
    if (answer.ok && (await answer.json()).paired) location.reload();
    lost("");
  } catch (error) {
    lost(t("连不上服务，正在重试…"));
  }
}

function tick() {
  const now = new Date();
  const date = now.toLocaleDateString("zh-CN", { month: "long", day: "numeric", weekday: "long", timeZone: "Asia/Shanghai" });
  set("wall-clock", `${date} ${clockTime(now)}`);
  const line = document.getElementById("wall-danger");
  line.hidden = !danger || !danger.open;
  if (danger && danger.open) line.textContent = t("危险未确认 {n}，最久 {time}", { n: danger.open, time: length((Date.now() - danger.since) / 1000) });
  if (document.body.dataset.paired === "yes" && Date.now() - lastHeard > SILENT_MS) {
    lost(t("数据中断，正在重连（最后更新 {time}）", { time: lastFigures ? clockTime(lastFigures) : "—" }));
    lastHeard = Date.now() - SILENT_MS + RETRY_MS;
    connect();
  }
  const hour = Number(now.toLocaleString("en-GB", { hour: "2-digit", timeZone: "Asia/Shanghai" }));
  if (hour === NIGHTLY_RELOAD_HOUR && Date.now() - started > 2 * 3600 * 1000) location.reload();
}

setInterval(tick, 1000);
tick();
if (document.body.dataset.paired === "yes") {
  turn(0);
  setInterval(() => turn(shown + 1), FACE_MS);
  document.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") turn(shown + 1);
    if (event.key === "ArrowLeft") turn(shown - 1);
  });
  connect();
} else setInterval(waitForPairing, 3000);
