// Lines in which two texts differ, with their numbers; a sign beside the colour.
import { t } from "./language.js";

const SIGNS = { same: " ", out: "−", in: "+", gap: "⋯" };

export function showDifferences(box, lines) {
  if (!lines.length) {
    box.replaceChildren(t("没有差异。"));
    return;
  }
  box.replaceChildren(...lines.map((line) => {
    const row = document.createElement("div");
    row.className = line.kind;
    for (const text of [line.old || "", line.new || "", SIGNS[line.kind], line.text]) {
      const part = document.createElement("span");
      part.textContent = text;
      row.append(part);
    }
    return row;
  }));
}
