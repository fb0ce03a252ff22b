// What a person sets for this browser: light or dark, type size, language.
function switchTheme() {
  const next = document.documentElement.getAttribute("data-theme") === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  document.documentElement.setAttribute("data-theme", next);
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

function setTypeSize(size) {
  localStorage.setItem("type-size", size);
  document.documentElement.setAttribute("data-type-size", size);
  document.dispatchEvent(new CustomEvent("type-size-changed"));
}

// The page is rendered anew in the other language; drafts stay, as at any reload.
function setLanguage(code) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `lang=${code}; path=/; max-age=31536000; samesite=lax${secure}`;
  location.reload();
}

export function startSettings() {
  const theme = document.getElementById("theme-button");
  if (theme) theme.addEventListener("click", switchTheme);
  const sizes = document.getElementById("type-sizes");
  if (sizes) {
    const size = document.documentElement.getAttribute("data-type-size");
    for (const choice of sizes.querySelectorAll("input")) choice.checked = choice.value === size;
    sizes.addEventListener("change", (event) => setTypeSize(event.target.value));
  }
  const languages = document.getElementById("languages");
  if (languages) languages.addEventListener("change", (event) => setLanguage(event.target.value));
}
