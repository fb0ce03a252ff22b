// Sets light or dark and the type size before the first paint: the person's choice, else the system's and 100 %.
(function () {
  "use strict";
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function kept(name) {
    try { return localStorage.getItem(name); } catch (error) { return null; }
  }
  function apply() {
    var root = document.documentElement;
    root.setAttribute("data-theme", kept("theme") || (system.matches ? "dark" : "light"));
    root.setAttribute("data-type-size", kept("type-size") || "100");
  }
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
})();
