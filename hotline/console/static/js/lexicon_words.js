// The entries of one table by kind and level: shipped ones, own ones (+), switched-off ones (struck through).
import { t } from "./language.js";

const SHOWN = 400;

export function element(tag, said, kind) {
  const made = document.createElement(tag);
  if (said !== undefined) made.textContent = said;
  if (kind) made.className = kind;
  return made;
}

export const same = (a, b) => a.table === b.table && a.kind === b.kind && a.level === b.level && a.text === b.text;

export function kindName(names, entry) {
  const name = (names.kinds[entry.table] || {})[entry.kind] || "";
  const level = entry.level === 2 ? t("正在发生") : entry.level === 1 ? t("可能受害") : "";
  return [name, level].filter(Boolean).join(" · ");
}

export function word(entry, mark, label, act) {
  const item = element("li", undefined, mark);
  item.append(element("span", (mark === "own" ? "+ " : mark === "off" ? "✗ " : "") + entry.text));
  if (act) {
    // a cross for the many, words for the few that were changed
    const button = element("button", mark ? label : "×");
    button.type = "button";
    button.title = `${label}：${entry.text}`;
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", act);
    item.append(button);
  }
  return item;
}

// state: {entries, amendments, names}; chosen: {table, find, own}; act(entry, mark) is called by a word's button
export function showWords(box, state, chosen, act) {
  const fits = (entry) => entry.table === chosen.table && (!chosen.find || entry.text.includes(chosen.find));
  const off = (entry) => state.amendments.some((one) => one.off && same(one, entry));
  const own = state.amendments.filter((one) => !one.off && fits(one));
  const shipped = state.entries.filter((entry) => fits(entry) && (!chosen.own || off(entry)));
  const groups = new Map();
  for (const [entry, mark] of [...own.map((one) => [one, "own"]), ...shipped.map((entry) => [entry, off(entry) ? "off" : ""])]) {
    const name = kindName(state.names, entry);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push([entry, mark]);
  }
  box.replaceChildren();
  let left = SHOWN;
  for (const [name, words] of groups) {
    if (left <= 0) break;
    if (name) box.append(element("h3", `${name}（${words.length}）`));
    const list = element("ul", undefined, "words-list");
    for (const [entry, mark] of words.slice(0, left)) {
      const label = mark === "own" ? t("移除") : mark === "off" ? t("恢复") : t("停用");
      list.append(word(entry, mark, label, () => act(entry, mark)));
    }
    left -= words.length;
    box.append(list);
  }
  if (left < 0) box.append(element("p", t("只显示前 {n} 条，请用“找”缩小。", { n: SHOWN }), "muted small"));
  if (!groups.size) box.append(element("p", t("没有这样的词条。"), "empty"));
  return own.length + shipped.length;
}
