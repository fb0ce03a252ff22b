// Words and addresses of the figures: labels of keys, shares and waits in words, the list of calls behind a figure.
import { t } from "./language.js";

const figures = document.getElementById("figures");
const labels = JSON.parse(figures.dataset.labels);
const DAY_MS = 86400 * 1000;

// Days are days of Asia/Shanghai wherever the browser stands.
export function shanghaiDay(offset = 0) {
  return new Date(Date.now() + 8 * 3600 * 1000 + offset * DAY_MS).toISOString().slice(0, 10);
}

export function dayAfter(day, days = 1) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function name(key, value) {
  if (key === "hour") return t("{n} 时", { n: value });
  if (key === "day") return value;
  const known = labels[key] || {};
  if (value === null || value === "") return known[""] || t("未填");
  return known[value] || String(value);
}

export const count = (n) => (n === null || n === undefined ? "—" : n.toLocaleString("zh-CN"));
export const percent = (share, digits = 1) => (share === null || share === undefined ? "—" : `${(share * 100).toFixed(digits)}%`);

// Waits are upper bounds of buckets.
export function atMost(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  if (seconds < 60) return t("≤{n} 秒", { n: seconds });
  if (seconds < 3600) return seconds % 60 ? t("≤{m} 分 {s} 秒", { m: Math.floor(seconds / 60), s: seconds % 60 }) : t("≤{n} 分", { n: seconds / 60 });
  return t("≤{n} 小时", { n: seconds / 3600 });
}

// How much more or less than before, with a sign that is not a colour alone.
export function change(now, before, isShare = false) {
  if (before === null || before === undefined || now === null || now === undefined) return "—";
  const difference = now - before;
  if (Math.abs(difference) < 1e-9) return "＝";
  const arrow = difference > 0 ? "▲" : "▼";
  if (isShare) return t("{arrow}{n} 个百分点", { arrow, n: Math.abs(difference * 100).toFixed(1) });
  const share = before ? `（${Math.abs((difference / before) * 100).toFixed(0)}%）` : "";
  return `${arrow}${count(Math.abs(difference))}${share}`;
}

// The address of the calls behind a figure: the page's period and filters, the bucket's keys, what counts.
export function behind(asked, keys, counted) {
  const query = new URLSearchParams();
  const day = keys.day;
  query.set("from", day || asked.from);
  query.set("to", day ? dayAfter(day) : asked.to);
  for (const [key, value] of Object.entries(asked.filters)) if (!(key in keys)) query.append(key, value);
  for (const [key, value] of Object.entries(keys)) if (key !== "day") query.append(key, value === "" || value === null ? "-" : value);
  for (const one of [].concat(counted)) query.append("counted", one);
  return `/calls?${query}`;
}

export const WAITED = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400].map((n) => `wait_${n}`).concat("wait_more");
