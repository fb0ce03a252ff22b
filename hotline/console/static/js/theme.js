// Sets light or dark before the first paint: the person's choice, else the system's.
(function () {
  "use strict";
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var chosen = null;
    try { chosen = localStorage.getItem("theme"); } catch (error) { chosen = null; }
    document.documentElement.setAttribute("data-theme", chosen || (system.matches ? "dark" : "light"));
  }
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
})();
