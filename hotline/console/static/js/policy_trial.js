// What a trial of a policy says: how many calls go elsewhere, from where to where, which, danger first.
import { t } from "./language.js";

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const time = (iso) => new Date(iso).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

export function lead(result) {
  const line = element("p", undefined, "trial-lead");
  line.append(element("strong", result.elsewhere), ` / ${result.total} ${t("通会去别处")}`);
  if (result.danger_changed) line.append(" ", element("span", t("其中或另有 {n} 通有危险的来电处理不同", { n: result.danger_changed }), "tag tag-danger"));
  return line;
}

const OWN = { close: t("关闭"), review: t("待人工") };

function matrix(result) {
  const name = (place) => OWN[place] || result.labels[place] || place;
  const places = [...new Set(result.moves.flatMap(([from, to]) => [from, to]))];
  const table = element("table", undefined, "dense moves");
  const head = table.createTHead().insertRow();
  head.append(element("th", t("现在 ＼ 草稿")), ...places.map((place) => element("th", name(place))));
  const body = table.createTBody();
  for (const from of places) {
    const row = body.insertRow();
    row.append(element("th", name(from)));
    for (const to of places) {
      const move = result.moves.find(([a, b]) => a === from && b === to);
      row.append(element("td", move ? move[2] : from === to ? "—" : "", move ? "some" : ""));
    }
  }
  return table;
}

function calls(result) {
  const name = (place) => OWN[place] || result.labels[place] || place;
  const table = element("table", undefined, "dense trial-calls");
  const head = table.createTHead().insertRow();
  head.append(...[t("来电"), t("时间"), t("去向"), t("规则")].map((text) => element("th", text)));
  const body = table.createTBody();
  for (const one of result.calls) {
    const row = body.insertRow();
    const link = element("a", one.call);
    link.href = `/calls/${one.call_id}`;
    link.target = "_blank";
    link.rel = "noopener";
    const first = element("td");
    if (one.danger) first.append(element("span", one.danger > 1 ? t("‼ 危险") : t("! 有危险"), `danger danger-${one.danger}`), " ");
    first.append(link);
    const went = element("td", one.before === one.after ? name(one.before) : `${name(one.before)} → ${name(one.after)}`, "went");
    if (String(one.joint[0]) !== String(one.joint[1])) went.append(element("br"), t("联动 {before} → {after}", { before: one.joint[0].map(name).join("、") || "—", after: one.joint[1].map(name).join("、") || "—" }));
    if (one.priority[0] !== one.priority[1]) went.append(element("br"), t("优先级 {before} → {after}", { before: one.priority[0], after: one.priority[1] }));
    row.append(first, element("td", time(one.received_at), "nowrap"), went, element("td", one.rules[0] === one.rules[1] ? one.rules[0] : `${one.rules[0]} → ${one.rules[1]}`, "mono"));
  }
  return table;
}

export function showTrial(box, result) {
  box.replaceChildren(lead(result));
  box.append(element("p", t("处理方式变化 {mode_changed} 通，优先级变化 {priority_changed} 通，联动或禁用方式变化 {joint_changed} 通。", result), "muted small"));
  if (result.moves.length) {
    const scroll = element("div", undefined, "table-scroll");
    scroll.append(matrix(result));
    box.append(element("h3", t("从哪里到哪里")), scroll);
  }
  if (result.calls.length) {
    box.append(element("h3", t("受影响的来电（有危险的在前，至多 {n} 通）", { n: result.calls.length })), calls(result));
  }
}
