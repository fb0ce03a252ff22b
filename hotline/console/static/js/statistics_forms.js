// Topics and regions as bars, as shares or over time: the reader's choice, kept in this browser.
import { get } from "./api.js";
import * as draw from "./statistics_charts.js";

const KEPT = "chart-forms";
const SHARES = 8; // parts of a pie beside the rest
const LINES = 6;
const read = () => JSON.parse(localStorage.getItem(KEPT) || "{}");
export const formOf = (id) => read()[id] || "bar";

function mark(group) {
  for (const button of group.querySelectorAll("[data-form]")) {
    button.setAttribute("aria-pressed", String(button.dataset.form === formOf(group.dataset.forms)));
  }
}

export function startForms(changed) {
  for (const group of document.querySelectorAll("[data-forms]")) {
    mark(group);
    group.addEventListener("click", (event) => {
      const button = event.target.closest("[data-form]");
      if (!button) return;
      localStorage.setItem(KEPT, JSON.stringify({ ...read(), [group.dataset.forms]: button.dataset.form }));
      mark(group);
      changed();
    });
  }
}

// The largest parts, and what is left in one: shares are of the whole.
export function shares(key, buckets, before) {
  const order = buckets.slice(0, SHARES).map((bucket) => String(bucket.keys[key]));
  const cut = (all) => {
    const rest = all.filter((bucket) => !order.includes(String(bucket.keys[key]))).reduce((sum, bucket) => sum + bucket.count, 0);
    const kept = all.filter((bucket) => order.includes(String(bucket.keys[key])));
    return rest ? [...kept, { rest: true, keys: {}, count: rest }] : kept;
  };
  return draw.ring(key, cut(buckets), before && cut(before));
}

// Over time the largest only; asked for when somebody wants to see it.
export async function overTime(key, step, steps, buckets, asked) {
  const query = new URLSearchParams({ from: asked.from, to: asked.to, ...asked.filters });
  query.append("by", key);
  query.append("by", step);
  const found = await get(`/api/v1/statistics/routing?${query}`);
  const named = (keys, at) => `${keys[key]}|${String(keys[at]).slice(0, 10)}`;
  const counts = new Map(found.buckets.map((bucket) => [named(bucket.keys, step), bucket.count]));
  const rows = buckets.slice(0, LINES).map((bucket) => ({
    value: bucket.keys[key],
    points: steps.map(({ keys }) => {
      const both = { [key]: bucket.keys[key], [step]: keys[step] };
      return { keys: both, count: counts.get(named(both, step)) || 0 };
    }),
  }));
  return draw.overTime(key, step, steps, rows);
}
