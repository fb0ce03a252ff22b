// Typed text survives a reload and an ended session: fields with data-draft are kept for this tab.
export function keepDrafts(root = document) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    const key = `draft-${field.dataset.draft}`;
    const kept = sessionStorage.getItem(key);
    if (kept !== null && !field.readOnly) field.value = kept;
    field.addEventListener("input", () => sessionStorage.setItem(key, field.value));
  }
}

export function dropDraft(name) {
  sessionStorage.removeItem(`draft-${name}`);
}
