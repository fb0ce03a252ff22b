// Text of the scripts in the chosen language: Chinese is the source and its own key, the catalogue comes as window.hotlineWords.
const words = window.hotlineWords || {};

// t("已转 {name}", { name }) fills the braces after translating.
export function t(text, values) {
  const shown = words[text] || text;
  return values ? shown.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : shown;
}
