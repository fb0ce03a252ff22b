// A text with its line numbers beside it; number() counts anew after a
// change by script, goTo(line) selects a line and brings it into sight.
export function startLineNumbers(text, numbers) {
  function number() {
    const count = text.value.split("\n").length;
    if (Number(numbers.dataset.count) !== count) {
      numbers.dataset.count = String(count);
      numbers.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
    }
    numbers.scrollTop = text.scrollTop;
  }
  text.addEventListener("input", number);
  text.addEventListener("scroll", number);
  number();
  return {
    number,
    goTo(line) {
      const all = text.value.split("\n");
      const start = all.slice(0, line - 1).reduce((sum, part) => sum + part.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + (all[line - 1] || "").length);
      text.scrollTop = Math.max(0, (line - 5) * (text.scrollHeight / all.length));
    },
  };
}
