// Agreement of the machine with supervisors or operators: figures, change over time, the table of both; never by person.
import { get } from "./api.js";
import { axes, base, freshColours, px, small, token } from "./chart_ground.js";
import { failed, recovered } from "./failures.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { soon } from "./panes.js";

const DAY_MS = 86400 * 1000;
const form = document.getElementById("choices");
const names = JSON.parse(form.dataset.names);
const state = document.getElementById("state");
const box = document.getElementById("over-time");
let chart = null;
let asked = 0;
let shown = {}; // what the figures on the page were asked for

const day = (offset) => new Date(Date.now() + 8 * 3600 * 1000 + offset * DAY_MS).toISOString().slice(0, 10);
const share = (value) => (value === null ? "—" : `${(value * 100).toFixed(1)}%`);
const number = (value) => (value === null ? "—" : value.toFixed(2));
const name = (code) => names.routes[code] || names.destinations[code] || code;

// The calls behind a figure: what was asked for, and which of the pairs count.
function behind(which, sides = {}) {
  const query = new URLSearchParams({ against: shown.against, of: shown.of, from: shown.from, to: shown.to, which, ...sides });
  return `/supervision/agreement/calls?${query}`;
}

function cell(text, kind, tag = "td", href = null) {
  const element = document.createElement(tag);
  if (href && text) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = text;
    element.append(link);
  } else element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function stat(title, value, note, href, bad) {
  const part = document.createElement("div");
  part.className = bad ? "stat stat-bad" : "stat";
  part.append(cell(title, "", "dt"), cell(value, "", "dd", href), cell(note, "note", "dd"));
  return part;
}

const interval = (figures) => (figures.low === null ? t("样本太少，不给区间") : `95 %：${number(figures.low)} – ${number(figures.high)}`);

function showFigures(found) {
  const { overall, danger, topic } = found;
  const list = document.getElementById("figures");
  list.replaceChildren(
    stat(t("一致率"), share(overall.share), t("{agreed} / {pairs} 通", overall), overall.agreed && behind("agreed")),
    stat(t("κ（扣除巧合）"), number(overall.kappa), interval(overall), overall.pairs && behind("pairs")),
  );
  if (danger) {
    list.append(
      stat(t("危险：κ"), number(danger.kappa), interval(danger), danger.pairs && behind("pairs")),
      stat(t("漏掉的危险"), danger.missed, t("质检认为有危险，机器没有报"), behind("missed"), danger.missed > 0),
      stat(t("误报的危险"), danger.false, t("机器报了，质检认为没有"), behind("false")),
      stat(t("主题一致率"), share(topic.share), t("{agreed} / {pairs} 通", topic), topic.agreed && behind("topic_agreed")),
    );
  }
}

function showTables(found) {
  const rows = document.querySelector("#classes tbody");
  rows.replaceChildren();
  for (const one of found.classes) {
    const row = rows.insertRow();
    const of = (...sides) => behind("pair", Object.fromEntries(sides.map((side) => [side, one.name])));
    row.append(
      cell(name(one.name)), cell(one.machine, "number", "td", of("machine")), cell(one.person, "number", "td", of("person")),
      cell(one.both, "number", "td", of("machine", "person")), cell(number(one.kappa), "number"),
    );
  }
  const head = document.querySelector("#matrix thead");
  const body = document.querySelector("#matrix tbody");
  head.replaceChildren();
  body.replaceChildren();
  const top = head.insertRow();
  top.append(cell(t("机器 ＼ 人工"), "", "th"), ...found.names.map((code) => cell(name(code), "number", "th")));
  found.matrix.forEach((line, index) => {
    const row = body.insertRow();
    row.append(cell(name(found.names[index]), "", "th"));
    line.forEach((count, place) => row.append(cell(
      count, `number${place === index ? " same" : count ? " differs" : ""}`, "td", behind("pair", { machine: found.names[index], person: found.names[place] }),
    )));
  });
}

function showChart(found) {
  const steps = found.over_time;
  if (!steps.some((step) => step.kappa !== null)) {
    if (chart) chart.dispose();
    chart = null;
    box.className = "chart chart-empty";
    box.textContent = t("这段时间还没有可以比较的判定。");
    return;
  }
  if (!chart) {
    box.className = "chart";
    box.replaceChildren();
    chart = echarts.init(box, null, { renderer: "canvas" });
  }
  freshColours();
  const band = (step, end) => (step.low === null ? null : end === "low" ? step.low : step.high - step.low);
  const ground = base(2);
  chart.setOption(axes({
    ...ground,
    legend: { top: 0, textStyle: small("--ink"), data: ["κ", t("一致率")] },
    grid: { left: 8, right: px(16), top: px(30), bottom: 4, containLabel: true },
    tooltip: { ...ground.tooltip, trigger: "axis" },
    xAxis: { type: "category", data: steps.map((step) => `${step.day.slice(5)}（${step.pairs}）`) },
    yAxis: { type: "value", max: 1, min: (range) => Math.min(0, range.min) },
    series: [
      { name: "low", type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, tooltip: { show: false }, data: steps.map((step) => band(step, "low")) },
      { name: "high", type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: token("--chart-1"), opacity: 0.15 }, tooltip: { show: false }, data: steps.map((step) => band(step, "high")) },
      { name: "κ", type: "line", color: token("--chart-1"), symbolSize: 6, data: steps.map((step) => step.kappa) },
      { name: t("一致率"), type: "line", color: token("--chart-2"), symbol: "triangle", symbolSize: 6, lineStyle: { type: "dashed" }, data: steps.map((step) => step.share) },
    ],
  }), true);
}

async function read() {
  const turn = (asked += 1);
  const chosen = Object.fromEntries(new FormData(form));
  document.getElementById("of").hidden = chosen.against !== "supervisors";
  document.getElementById("note").textContent = chosen.against === "supervisors"
    ? t("随机抽样不挑来电，它的数才代表全部；另外几类本来就是有疑问的来电，一致率必然偏低。质检时看得到机器的研判，所以一致率会偏高。")
    : t("比的是机器建议的去向与话务员第一次转办的去向；撤回的转办不算，直接答复不算。话务员先看到建议再决定，所以一致率会偏高。");
  state.textContent = t("读取中…");
  const until = new Date(Date.parse(`${chosen.until}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  const query = new URLSearchParams({ against: chosen.against, of: chosen.of, step: chosen.step, from: chosen.from, to: until });
  try {
    const found = await get(`/api/v1/supervision/agreement?${query}`);
    if (turn !== asked) return;
    recovered(document.getElementById("figures"));
    shown = { ...chosen, to: until };
    showFigures(found);
    showTables(found);
    showChart(found);
    state.textContent = "";
  } catch (error) {
    if (turn !== asked) return;
    state.textContent = "";
    failed(document.getElementById("figures"), error.message, read, false);
  }
}

function choose(name, value) {
  form.elements[name].value = value;
  read();
}

form.elements.from.value = day(-27);
form.elements.until.value = day(0);
form.addEventListener("change", read);
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("resize", soon(() => chart && chart.resize(), 150));
document.addEventListener("theme-changed", read);
document.addEventListener("type-size-changed", read);
onKey("1", t("机器与质检"), () => choose("against", "supervisors"));
onKey("2", t("机器与话务员"), () => choose("against", "operators"));
read();
