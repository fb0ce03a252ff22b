// The table beside each chart, with a link to the calls behind every figure; the tiles of the whole period.
import { t } from "./language.js";
import { atMost, behind, change, count, name, percent, WAITED } from "./statistics_names.js";

function cell(content, number = false, tag = "td") {
  const element = document.createElement(tag);
  element.append(content);
  if (number) element.className = "number";
  if (tag === "th") element.scope = number ? "col" : "row";
  return element;
}

function link(text, href, wanted = true) {
  if (!wanted || !href) return text;
  const element = document.createElement("a");
  element.href = href;
  element.textContent = text;
  return element;
}

function tableOf(heads, rows) {
  const element = document.createElement("table");
  element.className = "dense";
  const head = element.createTHead().insertRow();
  heads.forEach((text, index) => head.append(cell(text, index > 0, "th")));
  for (const th of head.cells) th.scope = "col";
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((content, index) => line.append(cell(content, index > 0, index ? "td" : "th")));
  }
  return element;
}

// What a row of any bucket shows; `before` is the bucket of the period compared with.
export function figuresTable(title, keyName, buckets, before, asked) {
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const compared = asked.before !== null;
  const heads = [title, t("来电"), t("占比"), ...(compared ? [t("对比期"), t("变化")] : []), t("等候中位"), "P90", t("改派占比"), t("时限内"), t("挂断")];
  const earlier = new Map((before || []).map((bucket) => [String(bucket.keys[keyName]), bucket]));
  const rows = buckets.map((bucket, index) => {
    const of = (counted) => behind(asked, bucket.keys, counted);
    const then = keyName === "day" ? (before || [])[index] : earlier.get(String(bucket.keys[keyName]));
    const thenCount = then ? then.count : 0;
    const past = compared ? [
      link(count(thenCount), then && behind({ ...asked, ...asked.before }, then.keys, "calls"), thenCount > 0),
      change(bucket.count, thenCount),
    ] : [];
    return [
      name(keyName, bucket.keys[keyName]), link(count(bucket.count), of("calls"), bucket.count > 0), total ? percent(bucket.count / total, 0) : "—", ...past,
      link(atMost(bucket.wait_p50_s), of(WAITED), bucket.counts.waited > 0), link(atMost(bucket.wait_p90_s), of(WAITED), bucket.counts.waited > 0),
      link(percent(bucket.overruled_share), of("overruled"), bucket.counts.overruled > 0), link(percent(bucket.service_level), of("within"), bucket.counts.within > 0),
      link(count(bucket.abandoned), of("abandoned"), bucket.abandoned > 0),
    ];
  });
  return tableOf(heads, rows);
}

export function flowTable(buckets, before, asked) {
  const compared = asked.before !== null;
  const id = (keys) => `${keys.line}|${keys.route}|${keys.destination}`;
  const earlier = new Map((before || []).map((bucket) => [id(bucket.keys), bucket.count]));
  const rows = buckets.slice().sort((a, b) => b.count - a.count).map((bucket) => {
    const { line, route, destination } = bucket.keys;
    const then = earlier.get(id(bucket.keys)) || 0;
    return [
      line, name("route", route), name("destination", destination), link(count(bucket.count), behind(asked, bucket.keys, "calls")),
      ...(compared ? [link(count(then), behind({ ...asked, ...asked.before }, bucket.keys, "calls"), then > 0), change(bucket.count, then)] : []),
    ];
  });
  return tableOf([t("线路"), t("类别"), t("去向"), t("来电"), ...(compared ? [t("对比期"), t("变化")] : [])], rows);
}

export function weekTable(buckets, asked) {
  const found = new Map(buckets.map((bucket) => [`${bucket.keys.weekday}|${bucket.keys.hour}`, bucket.count]));
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const rows = hours.map((hour) => [name("hour", hour), ...[1, 2, 3, 4, 5, 6, 7].map((weekday) => {
    const n = found.get(`${weekday}|${hour}`) || 0;
    return link(count(n), behind(asked, { weekday, hour }, "calls"), n > 0);
  })]);
  return tableOf([t("时段"), ...[1, 2, 3, 4, 5, 6, 7].map((day) => name("weekday", day))], rows);
}

const TILES = [
  [t("来电"), (b) => b.count, count, "calls"],
  [t("已接办"), (b) => b.counts.taken, count, "taken"],
  [t("直接答复"), (b) => b.counts.direct, count, "direct"],
  [t("等候中位"), (b) => b.wait_p50_s, atMost, WAITED],
  [t("等候 P90"), (b) => b.wait_p90_s, atMost, WAITED],
  [t("改派占比"), (b) => b.overruled_share, percent, "overruled", true],
  [t("时限内接单"), (b) => b.service_level, percent, "within", true],
  [t("排队挂断"), (b) => b.abandoned, count, "abandoned"],
  [t("研判有危险"), (b) => b.counts.danger, count, "danger"],
];

const NOTHING = { count: 0, abandoned: 0, wait_p50_s: null, wait_p90_s: null, overruled_share: null, service_level: null, counts: { taken: 0, direct: 0, danger: 0 } };

// now, before: the bucket of the whole period; none where nothing came in; `before` null without comparison.
export function showTotals(target, now = NOTHING, before = NOTHING, asked = null) {
  const then = asked.before ? before || NOTHING : null;
  target.replaceChildren(...TILES.map(([title, of, words, counted, isShare]) => {
    const tile = document.createElement("div");
    tile.className = "stat";
    const term = document.createElement("dt");
    term.textContent = title;
    const value = document.createElement("dd");
    value.append(link(words(of(now)), behind(asked, {}, counted), Boolean(of(now))));
    const note = document.createElement("dd");
    note.className = "note";
    note.textContent = then ? `${t("对比期")} ${words(of(then))} ${words === atMost ? "" : change(of(now), of(then), isShare)}` : " ";
    tile.append(term, value, note);
    return tile;
  }));
}
