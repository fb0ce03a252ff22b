// Roster files and single changes of duty.
import { post, request } from "./api.js";
import { toast } from "./toasts.js";

const upload = document.getElementById("roster-form");
const result = document.getElementById("roster-result");
const change = document.getElementById("override-form");

if (upload) {
  upload.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = upload.elements.file.files[0];
    const queue = upload.elements.queue.value;
    const calendar = file.name.toLowerCase().endsWith(".ics");
    result.textContent = "导入中…";
    try {
      const path = `/api/v1/rosters/import${queue ? `?queue=${encodeURIComponent(queue)}` : ""}`;
      const body = new Blob([await file.arrayBuffer()], { type: calendar ? "text/calendar" : "application/octet-stream" });
      const answer = await request("POST", path, body);
      const lines = answer.rejected.map((row) => `第 ${row.row} 行 ${row.field}：${row.reason}`);
      result.replaceChildren(`已导入 ${answer.shifts} 个班次${lines.length ? `，${lines.length} 行未导入：` : "。"}`);
      const list = document.createElement("ul");
      for (const line of lines) list.append(Object.assign(document.createElement("li"), { textContent: line }));
      result.append(list);
      if (!lines.length) location.reload();
    } catch (error) {
      result.textContent = error.message;
    }
  });
}

if (change) {
  change.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(change));
    const problem = change.querySelector(".problem");
    problem.hidden = true;
    try {
      await post("/api/v1/rosters/overrides", {
        queue: values.queue, kind: values.kind, user_id: Number(values.user_id),
        substitute_id: values.kind === "replace" && values.substitute_id ? Number(values.substitute_id) : null,
        start: `${values.start}:00+08:00`, end: `${values.end}:00+08:00`,
      });
      toast("已登记。");
      location.reload();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
}
