// Type-ahead over the list of topics: digits for the first nine, words, arrows, Enter.
export function startTopics(form, chosen, closed) {
  const parts = () => ({ input: form().querySelector("#topic-input"), list: form().querySelector("#topic-list") });
  const shown = (list) => [...list.children].filter((item) => !item.hidden);

  function mark(list, item) {
    for (const each of list.children) each.setAttribute("aria-selected", String(each === item));
    if (item) item.scrollIntoView({ block: "nearest" });
  }

  function filter() {
    const { input, list } = parts();
    const words = input.value.trim();
    for (const item of list.children) item.hidden = Boolean(words) && !item.dataset.name.includes(words);
    mark(list, shown(list)[0] || null);
  }

  function close() {
    const { input, list } = parts();
    input.hidden = true;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    closed();
  }

  function take(item) {
    if (!item) return;
    const code = item.dataset.value;
    close();
    chosen(code);
  }

  function key(event) {
    if (event.isComposing) return;
    const { input, list } = parts();
    const rows = shown(list);
    const at = rows.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(list, rows[(at + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length] || null);
    else if (event.key === "Enter") take(rows[at]);
    else if (event.key === "Escape") close();
    else if (/^[1-9]$/.test(event.key) && !input.value) take(list.children[Number(event.key) - 1]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    open() {
      const { input, list } = parts();
      input.hidden = false;
      list.hidden = false;
      input.value = "";
      input.setAttribute("aria-expanded", "true");
      filter();
      input.focus();
      input.oninput = filter;
      input.onkeydown = key;
      list.onclick = (event) => take(event.target.closest("[role=option]"));
    },
  };
}
