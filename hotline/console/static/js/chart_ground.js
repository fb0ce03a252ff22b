// What all charts stand on: the page's colours, and its size of type for every word in them.
import { t } from "./language.js";

const ROOT_PX = 14; // at 100 %
const SMALL = 12;
let colours = new Map();
let size = 1;

// Tokens are read once for all charts that are drawn together: reading one makes the browser lay out the page first.
export function freshColours() {
  colours = new Map();
  size = parseFloat(getComputedStyle(document.documentElement).fontSize) / ROOT_PX;
}

export function token(property) {
  if (!colours.has(property)) colours.set(property, getComputedStyle(document.documentElement).getPropertyValue(property).trim());
  return colours.get(property);
}

// The type is so large that words need the room of what they stand beside.
export const isLarge = () => size > 1.3;
// A length that grows with the type.
export const px = (length) => Math.round(length * size);
export const small = (property = "--ink-soft") => ({ color: token(property), fontSize: px(SMALL) });

export function base(series) {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("--ink"), fontSize: px(SMALL) },
    color: Array.from({ length: series }, (_, n) => token(`--chart-${n + 1}`)),
    tooltip: { confine: true, backgroundColor: token("--surface"), borderColor: token("--line"), textStyle: small("--ink") },
    legend: { top: 0, right: 0, itemHeight: px(9), textStyle: small() },
  };
}

export function axes(option) {
  const line = { lineStyle: { color: token("--line") } };
  const dressed = (axis) => ({
    axisLine: line, splitLine: line, nameTextStyle: small(), ...axis, axisLabel: { ...small(), ...(axis.axisLabel || {}) },
  });
  return { ...option, xAxis: dressed(option.xAxis), yAxis: dressed(option.yAxis) };
}

// An axis of counts says what it counts: above it where it stands, below it where it lies.
export const counts = (lying) => ({
  type: "value", minInterval: 1, splitNumber: lying ? 3 : 4, name: t("来电数"),
  ...(lying ? { nameLocation: "middle", nameGap: px(20), axisLabel: { hideOverlap: true } } : { nameGap: px(9), nameTextStyle: { ...small(), align: "left", padding: [0, 0, 0, px(-20)] } }),
});
// Room below a lying axis for its name.
export const NAME_PX = 16;
