// One line profile: a file is tried out by the text as it stands here, imported by the published one; the text is edited.
import { post } from "./api.js";
import { dropDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";
import { startLineNumbers } from "./line_numbers.js";
import { bar, streamed } from "./streaming.js";
import { toast } from "./toasts.js";

const { name, version } = document.getElementById("profile").dataset;
const form = document.getElementById("file-form");
const problem = document.getElementById("file-problem");
const progress = document.getElementById("file-progress");
const outcome = document.getElementById("file-outcome");
const editor = document.getElementById("profile-form");
const text = document.getElementById("profile-text");
const textProblem = document.getElementById("profile-problem");
const lines = startLineNumbers(text, document.getElementById("line-numbers"));
const shipped = text.defaultValue;
let busy = false;

function make(tag, className, words) {
  const element = document.createElement(tag);
  element.className = className;
  if (words !== undefined) element.textContent = words;
  return element;
}

function table(heads, rows) {
  const box = make("div", "table-scroll");
  const element = make("table", "dense striped");
  const head = element.createTHead().insertRow();
  for (const words of heads) head.append(make("th", "", words));
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const cell of row) line.append(cell instanceof Node ? cell : make("td", "", cell === null ? "" : String(cell)));
  }
  box.append(element);
  return box;
}

const time = (moment) => (moment ? new Date(moment).toLocaleString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" }) : "—");

function showColumns(answer) {
  const missing = (column) => (column.required ? t("缺少（必填）") : t("文件里没有"));
  const rows = answer.columns.map((column) => {
    const found = column.found === null ? make("td", column.required ? "problem" : "muted", missing(column)) : make("td", "", column.found);
    return [column.field, found, column.wanted.join("、")];
  });
  const parts = [make("h3", "", t("列的对应")), table([t("字段"), t("文件里的列"), t("档案里的列名")], rows)];
  if (answer.unused.length) parts.push(make("p", "muted", t("没有用到的列（原样保留）：{names}", { names: answer.unused.join("、") })));
  return parts;
}

function showTrial(answer) {
  const parts = [make("p", "summary", t("读到 {rows} 行，可用 {good} 行，退回 {rejected} 行。什么也没有保存。", answer))];
  const notes = [
    answer.from ? t("来电时间 {from} 至 {to}", { from: time(answer.from), to: time(answer.to) }) : "",
    answer.duplicates ? t("文件内编号重复 {count} 行", { count: answer.duplicates }) : "",
    answer.without_text ? t("没有来电人话语 {count} 行", { count: answer.without_text }) : "",
    answer.withheld ? t("未留号码 {count} 行", { count: answer.withheld }) : "",
  ];
  parts.push(make("p", "muted", notes.filter(Boolean).join("　")));
  if (answer.problem) parts.push(make("p", "problem", answer.problem));
  if (answer.rejected) {
    const byField = answer.rejected_by_field.map((each) => `${each.field} ${each.count}`).join("　");
    parts.push(make("h3", "", t("退回的行（前 {count} 处）　{fields}", { count: answer.rejects.length, fields: byField })));
    parts.push(table([t("行"), t("字段"), t("原因")], answer.rejects.map((each) => [each.row, each.field, each.reason])));
  }
  if (answer.shown.length) {
    parts.push(make("h3", "", t("前 {count} 行读成（已脱敏）", { count: answer.shown.length })));
    const heads = [t("行"), t("编号"), t("来电时间"), t("号码"), t("姓名"), t("地址"), t("区域"), t("诉求"), t("段数"), t("内容")];
    parts.push(table(heads, answer.shown.map((each) => [
      each.row, each.external_id, time(each.received_at), each.caller_number, each.caller_name, each.address, each.region, each.request_kind, each.segments, each.text,
    ])));
  }
  outcome.replaceChildren(...parts, ...showColumns(answer));
}

function showImport(answer) {
  const parts = [make("p", "summary", t("导入完成：新增 {accepted}，更新 {updated}，重复 {duplicates}，退回 {rejected}。研判随即在后台进行。", answer))];
  for (const words of answer.unreadable) parts.push(make("p", "problem", words));
  if (answer.has_rejects) {
    const link = make("a", "", t("下载退回文件，改好后再导入"));
    link.href = `/api/v1/lines/imports/${answer.run_id}/rejects`;
    const line = make("p", "");
    line.append(link);
    parts.push(line);
  }
  if (answer.reasons.length) {
    const list = make("ul", "");
    for (const words of answer.reasons) list.append(make("li", "", words));
    parts.push(list);
  }
  outcome.replaceChildren(...parts);
}

async function run(path, fields, show) {
  if (busy || !form.reportValidity()) return;
  busy = true;
  problem.hidden = true;
  outcome.hidden = true;
  const body = new FormData();
  for (const [key, value] of Object.entries(fields)) body.append(key, value);
  body.append("file", form.elements.file.files[0]);
  const told = bar(progress, (now) => t("已读 {rows} 行", { rows: now.rows || 0 }));
  try {
    show(await streamed("POST", `/api/v1/lines/${encodeURIComponent(name)}/${path}`, body, told));
    outcome.hidden = false;
    outcome.focus();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    jump(error.message);
  } finally {
    busy = false;
    progress.hidden = true;
  }
}

function jump(message) {
  const found = /第 (\d+) 行/.exec(message);
  if (found && message.includes(".toml")) lines.goTo(Number(found[1]));
}

const tryOut = () => run("test", text.value === shipped ? {} : { text: text.value }, showTrial);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tryOut();
});
document.getElementById("import-button").addEventListener("click", () => {
  if (!form.reportValidity()) return;
  const how = form.elements.as.selectedOptions[0].textContent;
  if (confirm(t("正式导入，方式“{how}”？", { how }))) run("import", { as: form.elements.as.value }, showImport);
});

async function send(checkOnly) {
  textProblem.hidden = true;
  try {
    const body = { text: text.value, base: version, note: editor.elements.note.value, check_only: checkOnly };
    const answer = await post(`/api/v1/lines/${encodeURIComponent(name)}`, body);
    if (checkOnly) {
      toast(t("没有错误：线路 {line}，{count} 个字段。", { line: answer.line, count: answer.fields.length }));
      return;
    }
    dropDraft(text.dataset.draft);
    dropDraft(editor.elements.note.dataset.draft);
    toast(t("已发布 {version}。", answer));
    location.reload();
  } catch (error) {
    textProblem.textContent = error.message;
    textProblem.hidden = false;
    jump(error.message);
  }
}

if (editor.elements.note) {
  document.getElementById("check-button").addEventListener("click", () => send(true));
  editor.addEventListener("submit", (event) => {
    event.preventDefault();
    send(false);
  });
  onKey("Ctrl+Enter", t("校验并发布档案"), () => send(false), { inFields: true });
}
onKey("/", t("选文件"), () => form.elements.file.focus());
onKey("t", t("试读，不保存"), tryOut);
