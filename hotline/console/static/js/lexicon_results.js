// A sentence read before and after; a dry run of the draft on the last calls.
import { t } from "./language.js";
import { element } from "./lexicon_words.js";

function tokens(words, others) {
  const line = element("p", undefined, "tokens");
  const there = new Set(others);
  for (const word of words) line.append(element("span", word, there.has(word) ? "" : "changed-token"));
  return line;
}

function reading(title, part, other, names) {
  const { reading: row } = part;
  const box = element("div");
  const danger = row.danger.level ? `${row.danger.level > 1 ? "‼" : "!"} ${[t("无"), t("有危险"), t("正在发生")][row.danger.level]}` : t("无危险");
  const lead = element("p");
  lead.append(element("strong", names.routes[row.route]), ` ${Math.round(row.confidence * 100)}% `, element("span", danger, row.danger.level ? `danger danger-${row.danger.level}` : "tag tag-plain"));
  box.append(element("h3", title), lead, tokens(part.tokens, other.tokens));
  const points = element("ul", undefined, "points");
  const add = (kind, name, text) => {
    const item = element("li");
    item.append(element("span", name, kind), ` ${text}`);
    points.append(item);
  };
  for (const one of row.danger.signals) add("tag tag-danger", names.kinds.danger[one.kind] || one.kind, `${one.text}（${one.start}–${one.end}）`);
  for (const one of row.cues) add("tag", names.kinds.cues[one.kind] || one.kind, `${one.text}（${one.start}–${one.end}）`);
  for (const one of row.entities) add("tag tag-plain", names.kinds.names[one.kind] || one.kind, `${one.text}（${one.start}–${one.end}）`);
  for (const one of row.evidence) add("tag tag-plain", t("依据"), `${one.text} ${one.weight.toFixed(2)}`);
  box.append(points);
  return box;
}

export function showSentence(box, result, names) {
  const both = element("div", undefined, "compared");
  both.append(reading(t("现行词库"), result.before, result.after, names), reading(t("草稿"), result.after, result.before, names));
  box.replaceChildren(both);
}

const WHAT = { danger_lowered: t("危险降低"), danger_raised: t("危险升高"), route: t("类别"), review: t("待人工"), topic: t("主题"), cues: t("信号"), entities: t("机构地名数字") };

export function showLexiconTrial(box, result, names) {
  const lead = element("p", undefined, "trial-lead");
  lead.append(element("strong", result.changed), ` / ${result.total} ${t("通的研判会变")}`);
  const parts = element("p");
  for (const [name, count] of Object.entries(result.counts)) {
    if (count) parts.append(element("span", `${WHAT[name]} ${count}`, name === "danger_lowered" ? "tag tag-danger" : "tag"), " ");
  }
  box.replaceChildren(lead, parts);
  if (!result.calls.length) return;
  const table = element("table", undefined, "dense trial-calls");
  const head = table.createTHead().insertRow();
  head.append(...[t("来电"), t("变化"), t("类别"), t("危险"), t("主题")].map((text) => element("th", text)));
  const body = table.createTBody();
  const went = ([a, b], name) => (a === b ? name(a) : `${name(a)} → ${name(b)}`);
  for (const one of result.calls) {
    const link = element("a", one.call);
    link.href = `/calls/${one.call_id}`;
    link.target = "_blank";
    link.rel = "noopener";
    const first = element("td");
    first.append(link);
    const row = body.insertRow();
    row.append(first, element("td", one.what.map((name) => WHAT[name]).join("、")), element("td", went(one.route, (code) => names.routes[code] || "—"), "went"), element("td", went(one.danger, String), "went"), element("td", went(one.topic, (code) => names.topics[code] || "—"), "went"));
  }
  box.append(table);
}
