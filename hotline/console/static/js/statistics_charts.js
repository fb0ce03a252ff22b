// What each chart looks like: options for ECharts out of buckets; colours are the page's own tokens.
import * as ground from "./chart_ground.js";
import { axes, counts, isLarge, NAME_PX, px, small, token } from "./chart_ground.js";
import { t } from "./language.js";
import { atMost, count, name, percent } from "./statistics_names.js";

const SERIES = 7;
const base = () => ground.base(SERIES);

// Of the period compared with: paler, and hatched or dashed, so that colour is not the only sign.
const hatched = () => ({ opacity: 0.45, decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.8, color: token("--surface") } });

export function flow(buckets) {
  const nodes = new Map();
  const links = new Map();
  const add = (from, to, n, keys) => {
    const id = `${from}>${to}`;
    const known = links.get(id) || { source: from, target: to, value: 0, keys };
    known.value += n;
    links.set(id, known);
  };
  for (const { keys, count: n } of buckets) {
    const [line, route, destination] = [`l:${keys.line}`, `r:${keys.route}`, `d:${keys.destination}`];
    nodes.set(line, { label: keys.line, keys: { line: keys.line } });
    nodes.set(route, { label: name("route", keys.route), keys: { route: keys.route } });
    nodes.set(destination, { label: name("destination", keys.destination), keys: { destination: keys.destination } });
    add(line, route, n, { line: keys.line, route: keys.route });
    add(route, destination, n, { route: keys.route, destination: keys.destination });
  }
  const label = (id) => nodes.get(id).label;
  return {
    ...base(), legend: undefined,
    tooltip: { ...base().tooltip, formatter: ({ dataType, data, value }) => (dataType === "edge" ? `${label(data.source)} → ${label(data.target)}：${count(value)}` : `${label(data.name)}：${count(value)}`) },
    series: [{
      type: "sankey", left: 4, right: px(150), top: 8, bottom: 8, nodeWidth: 14, nodeGap: 9, draggable: false, emphasis: { focus: "adjacency" },
      label: { ...small("--ink"), formatter: ({ name: id, value }) => `${label(id)} ${count(value)}` },
      lineStyle: { color: "source", opacity: 0.35 },
      data: Array.from(nodes, ([id, { keys }]) => ({ name: id, keys })), links: Array.from(links.values()),
    }],
  };
}

export function week(buckets) {
  const days = [1, 2, 3, 4, 5, 6, 7];
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  const found = new Map(buckets.map((bucket) => [`${bucket.keys.weekday}|${bucket.keys.hour}`, bucket.count]));
  const data = days.flatMap((weekday) => Array.from({ length: 24 }, (_, hour) => ({
    value: [hour, weekday - 1, found.get(`${weekday}|${hour}`) || 0], keys: { weekday, hour },
  })));
  return axes({
    ...base(), legend: undefined,
    tooltip: { ...base().tooltip, formatter: ({ value }) => `${name("weekday", value[1] + 1)} ${name("hour", value[0])}：${count(value[2])}` },
    grid: { left: 4, right: 8, top: 4, bottom: px(42), containLabel: true },
    xAxis: { type: "category", data: Array.from({ length: 24 }, (_, hour) => String(hour)), splitArea: { show: false }, axisLabel: { interval: 3, formatter: (hour) => t("{n} 时", { n: hour }) } },
    yAxis: { type: "category", inverse: true, data: days.map((day) => name("weekday", day)), axisTick: { show: false } },
    visualMap: { min: 0, max: most, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 90, itemWidth: 10, text: [t("{n} 通", { n: count(most) }), "0"], textStyle: small(), inRange: { color: [token("--chart-low"), token("--chart-high")] } },
    series: [{ type: "heatmap", data, itemStyle: { borderColor: token("--surface"), borderWidth: 1 } }],
  });
}

// Left of the names of lying bars: large ones come out wider than they were reckoned.
const beside = () => (isLarge() ? px(16) : 6);
const stepName = (key, value) => (key === "hour" ? t("{n} 时", { n: value }) : value.slice(5));

export function curve(key, buckets, before) {
  const line = (title, of, more) => ({ type: "line", name: title, symbolSize: 5, data: of.map((bucket) => ({ value: bucket.count, keys: bucket.keys, past: Boolean(more) })), ...more });
  return axes({
    ...base(), tooltip: { ...base().tooltip, trigger: "axis" },
    grid: { left: 4, right: px(22), top: px(28), bottom: 2, containLabel: true },
    xAxis: { type: "category", boundaryGap: false, data: buckets.map((bucket) => stepName(key, bucket.keys[key])) },
    yAxis: counts(false),
    series: [
      { ...line(t("本时段"), buckets), areaStyle: { opacity: 0.12 } },
      ...(before ? [line(t("对比期"), before, { lineStyle: { type: "dashed" }, symbol: "emptyTriangle" })] : []),
    ],
  });
}

// One line for each of the largest values of a key; symbols differ, so that colour is not the only sign.
const SYMBOLS = ["circle", "triangle", "rect", "diamond", "emptyCircle", "emptyTriangle"];

export function overTime(key, step, steps, rows) {
  return axes({
    ...base(), tooltip: { ...base().tooltip, trigger: "axis" },
    legend: { ...base().legend, type: "scroll", left: 0, right: 0 },
    grid: { left: 4, right: px(22), top: px(46), bottom: 2, containLabel: true },
    xAxis: { type: "category", boundaryGap: false, data: steps.map((bucket) => stepName(step, bucket.keys[step])) },
    yAxis: counts(false),
    series: rows.map(({ value, points }, at) => ({
      type: "line", name: name(key, value), symbol: SYMBOLS[at % SYMBOLS.length], symbolSize: 6,
      data: points.map((point) => ({ value: point.count, keys: point.keys })),
    })),
  });
}

export function waits(key, buckets) {
  const line = (title, property, more) => ({ type: "line", name: title, symbolSize: 5, connectNulls: true, data: buckets.map((bucket) => ({ value: bucket[property], keys: bucket.keys })), ...more });
  return axes({
    ...base(), tooltip: { ...base().tooltip, trigger: "axis", valueFormatter: atMost },
    grid: { left: 4, right: px(22), top: px(28), bottom: 2, containLabel: true },
    xAxis: { type: "category", boundaryGap: false, data: buckets.map((bucket) => stepName(key, bucket.keys[key])) },
    yAxis: { type: "log", logBase: 4, min: 1, axisLabel: { formatter: (n) => shortWait(n) } },
    series: [line(t("中位"), "wait_p50_s"), line("P90", "wait_p90_s", { lineStyle: { type: "dashed" }, symbol: "triangle" })],
  });
}

function shortWait(seconds) {
  if (seconds < 60) return t("{n} 秒", { n: seconds });
  if (seconds < 3600) return t("{n} 分", { n: Math.round(seconds / 60) });
  return t("{n} 时", { n: Math.round(seconds / 3600) });
}

export function waitBars(key, buckets) {
  const rows = buckets.filter((bucket) => bucket.wait_p90_s !== null).reverse();
  const bars = (title, property, more) => ({ type: "bar", name: title, barMaxWidth: px(12), data: rows.map((bucket) => ({ value: bucket[property], keys: bucket.keys })), label: { show: true, position: "right", ...small("--ink"), formatter: ({ value }) => atMost(value) }, ...more });
  return axes({
    ...base(), tooltip: { ...base().tooltip, valueFormatter: atMost },
    grid: { left: beside(), right: px(84), top: px(22), bottom: 2, containLabel: true },
    xAxis: { type: "log", logBase: 4, min: 1, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: { type: "category", data: rows.map((bucket) => name(key, bucket.keys[key])), axisTick: { show: false } },
    series: [bars(t("中位"), "wait_p50_s"), bars("P90", "wait_p90_s", { itemStyle: { decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.8, color: token("--surface") } } })],
  });
}

export function bars(key, buckets, before) {
  const rows = buckets.slice().reverse();
  const earlier = new Map((before || []).map((bucket) => [String(bucket.keys[key]), bucket]));
  const own = token("--chart-1");
  const now = { type: "bar", name: t("本时段"), barMaxWidth: px(20), color: own, data: rows.map((bucket) => ({ value: bucket.count, keys: bucket.keys })), label: { show: true, position: "right", ...small("--ink"), formatter: ({ value }) => count(value) } };
  const then = { type: "bar", name: t("对比期"), barMaxWidth: px(12), color: own, itemStyle: hatched(), data: rows.map((bucket) => ({ value: (earlier.get(String(bucket.keys[key])) || { count: 0 }).count, keys: bucket.keys, past: true })) };
  return axes({
    ...base(), ...(before ? {} : { legend: undefined }),
    grid: { left: beside(), right: px(44), top: before ? px(22) : 4, bottom: px(NAME_PX), containLabel: true },
    xAxis: counts(true),
    yAxis: { type: "category", data: rows.map((bucket) => name(key, bucket.keys[key])), axisTick: { show: false }, axisLabel: { interval: 0, fontSize: px(11), width: px(124), overflow: "truncate" } },
    series: before ? [then, now] : [now],
  });
}

// Of what was proposed: went there, went elsewhere because a person said so, not forwarded.
export function overruled(key, buckets) {
  const rows = buckets.slice().reverse();
  const part = (title, of, more) => ({ type: "bar", stack: "all", name: title, barMaxWidth: px(20), data: rows.map((bucket) => ({ value: of(bucket), keys: bucket.keys })), ...more });
  return axes({
    ...base(), tooltip: { ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" } },
    grid: { left: beside(), right: px(60), top: px(22), bottom: px(NAME_PX), containLabel: true },
    xAxis: counts(true),
    yAxis: { type: "category", data: rows.map((bucket) => name(key, bucket.keys[key])), axisTick: { show: false } },
    series: [
      part(t("未改派"), (bucket) => bucket.count - bucket.counts.overruled),
      part(t("改派"), (bucket) => bucket.counts.overruled, { itemStyle: { decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.8, color: token("--surface") } }, label: { show: true, position: "right", ...small("--ink"), formatter: ({ dataIndex }) => percent(rows[dataIndex].overruled_share) } }),
    ],
  });
}

const partName = (key, bucket) => (bucket.rest ? t("其余") : name(key, bucket.keys[key]));

const told = (one) => `${count(one.value)}${t("（")}${Math.round(one.percent)}%${t("）")}`;

// A ring; the ring inside it is the period compared with. Large words stand beside a smaller one.
export function ring(key, buckets, before) {
  const order = buckets.map((bucket) => String(bucket.keys[key]));
  const part = (of, radius, more) => ({
    type: "pie", radius, center: ["50%", "53%"], itemStyle: { borderColor: token("--surface"), borderWidth: 2 },
    data: of.map((bucket) => ({ name: partName(key, bucket), value: bucket.count, keys: bucket.rest ? null : bucket.keys })), ...more,
  });
  const then = (before || []).slice().sort((a, b) => order.indexOf(String(a.keys[key])) - order.indexOf(String(b.keys[key])));
  return {
    ...base(), legend: undefined,
    tooltip: { ...base().tooltip, formatter: (one) => `${one.seriesName} · ${one.name}${t("：")}${told(one)}` },
    series: [
      { ...part(buckets, isLarge() ? ["28%", "42%"] : ["42%", "66%"]), name: t("本时段"), labelLine: { length: 8, length2: 6 }, label: { ...small("--ink"), overflow: "break", formatter: (one) => `${one.name}\n${told(one)}`, lineHeight: px(14) } },
      ...(before ? [{ ...part(then, isLarge() ? ["14%", "25%"] : ["22%", "38%"]), name: t("对比期"), label: { show: false }, itemStyle: { ...hatched(), borderColor: token("--surface"), borderWidth: 2 }, data: then.map((bucket) => ({ name: partName(key, bucket), value: bucket.count, keys: bucket.rest ? null : bucket.keys, past: true })) }] : []),
    ],
  };
}
