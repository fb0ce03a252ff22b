// Short messages in the corner; problems stay longer.
const SHOWN_MS = 5000;
const PROBLEM_SHOWN_MS = 12000;

export function toast(text, problem = false) {
  const box = document.getElementById("toasts");
  const item = document.createElement("div");
  item.className = problem ? "toast toast-problem" : "toast";
  item.textContent = text;
  box.append(item);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => item.remove(), problem ? PROBLEM_SHOWN_MS : SHOWN_MS);
}

export function showProblem(error) {
  toast(error.message || String(error), true);
}
