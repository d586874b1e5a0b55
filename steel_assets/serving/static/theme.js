// Before the first paint: the theme a visitor chose, else the system's; the part of the page that the address names.
(function () {
  "use strict";
  let chosen = null;
  try { chosen = localStorage.getItem("steel-theme"); } catch (error) { chosen = null; }
  const [, named] = /^#tab=(averages|plan|analysis|accuracy|operations)$/.exec(location.hash) || [];
  document.documentElement.dataset.tab = named || "forecast";
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
