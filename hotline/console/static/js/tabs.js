// Tabs within one page: .tabs with role=tablist, buttons with role=tab and aria-controls; the chosen one is kept in the address.
function choose(list, tab, andFocus) {
  for (const other of list.querySelectorAll('[role="tab"]')) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (andFocus) tab.focus();
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  tab.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

export function startTabs(root = document) {
  for (const list of root.querySelectorAll('[role="tablist"]')) {
    const tabs = Array.from(list.querySelectorAll('[role="tab"]'));
    list.addEventListener("click", (event) => {
      const tab = event.target.closest('[role="tab"]');
      if (tab) choose(list, tab);
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(list, tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length], true);
    });
    const named = tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
    if (named) choose(list, named);
  }
}
