// The policy's text with line numbers; each problem names its line and leads there.
import { post } from "./api.js";
import { dropDraft } from "./drafts.js";
import { onKey } from "./keys.js";
import { toast } from "./toasts.js";

const form = document.getElementById("policy-form");
const text = document.getElementById("policy-text");
const numbers = document.getElementById("line-numbers");
const problems = document.getElementById("policy-problems");

function number() {
  const count = text.value.split("\n").length;
  if (Number(numbers.dataset.count) !== count) {
    numbers.dataset.count = String(count);
    numbers.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  }
  numbers.scrollTop = text.scrollTop;
}

function goTo(line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, part) => sum + part.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] || "").length);
  text.scrollTop = Math.max(0, (line - 5) * (text.scrollHeight / lines.length));
}

function show(message) {
  const list = document.createElement("ol");
  for (const part of message.split("\n").filter((line) => line.trim())) {
    const item = document.createElement("li");
    const found = /^(.*?):(\d+): (.*)$/.exec(part.trim());
    if (found && found[1].endsWith("policy.toml")) {
      const jump = document.createElement("button");
      jump.type = "button";
      jump.className = "secondary";
      jump.textContent = `第 ${found[2]} 行`;
      jump.addEventListener("click", () => goTo(Number(found[2])));
      item.append(jump, ` ${found[3]}`);
    } else item.textContent = part;
    list.append(item);
  }
  problems.replaceChildren("规则没有发布，请改正：", list);
  problems.hidden = false;
}

async function publish() {
  problems.hidden = true;
  try {
    const { version } = await post("/api/v1/policy", { text: text.value });
    document.getElementById("policy-version").textContent = version;
    if (text.dataset.draft) dropDraft(text.dataset.draft);
    toast(`已发布 ${version}。`);
  } catch (error) {
    show(error.message);
  }
}

text.addEventListener("input", number);
text.addEventListener("scroll", number);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  publish();
});
onKey("Ctrl+Enter", "校验并发布", () => { if (!text.readOnly) publish(); }, { inFields: true });
number();
