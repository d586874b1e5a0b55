// Before the first paint: the theme a visitor chose, else the system's.
(function () {
  "use strict";
  let chosen = null;
  try { chosen = localStorage.getItem("steel-theme"); } catch (error) { chosen = null; }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
