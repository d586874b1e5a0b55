// Charts, tabs, the planner, refreshing, light and dark. Everything that is text is already on the page; without this script it still reads.
(function () {
  "use strict";
  const REFRESH_MS = 30000;
  const DAYS = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 180, 365, 730].map((days) => days * 86400);
  let plots = [];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const number = (digits, unit = "") => (plot, value) =>
    value == null ? "–" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) + unit;

  function day(seconds) {
    return new Date(seconds * 1000).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  }

  function axes(format, clock) {
    const common = {
      stroke: color("--muted"), font: "12px Inter, system-ui, sans-serif",
      grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false },
    };
    const lang = document.documentElement.lang;
    const when = (plot, values) => values.map((value, index) => {
      const date = new Date(value * 1000);
      if (clock) return date.toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
      const january = date.getUTCMonth() === 0 || index === 0;
      return date.toLocaleDateString(lang, { day: values.length > 1 && values[1] - values[0] < 26 * 86400 ? "numeric" : undefined, month: "short", year: january ? "2-digit" : undefined, timeZone: "UTC" });
    });
    return [
      { ...common, grid: { show: false }, values: when, space: 80, size: 34, ...(clock ? {} : { incrs: DAYS }) },
      { ...common, size: 58, values: (plot, values) => values.map((value) => format(plot, value)) },
    ];
  }

  const line = (label, stroke, format, more = {}) => ({ label, stroke, width: 2, points: { show: false }, value: format, spanGaps: true, ...more });
  // the upper edge of a band speaks for both: ``low`` is the place of the lower one
  const edge = (label, format, low) => ({ label, low, stroke: "transparent", width: 0, points: { show: false }, value: format, spanGaps: true, edge: true });

  function swatch(series) {
    const mark = document.createElement("i");
    mark.style.setProperty("--mark", series.mark || series.stroke);
    mark.className = series.mark ? "area" : series.dash ? "dashed" : "line";
    return mark;
  }

  function key(figure, series) {
    // what the colours mean, beside the chart's title
    const list = document.createElement("ul");
    list.className = "key";
    list.setAttribute("aria-hidden", "true");
    series.filter((one) => one && !one.edge).forEach((one) => {
      const item = document.createElement("li");
      item.append(swatch(one), one.label);
      list.append(item);
    });
    figure.querySelector(".key")?.remove();
    figure.querySelector("figcaption").append(list);
  }

  function tip() {
    // the figures under the pointer
    const box = document.createElement("div");
    box.className = "tip";
    box.hidden = true;
    const show = (plot) => {
      const { left, top, idx } = plot.cursor;
      box.hidden = left == null || left < 0 || idx == null;
      if (box.hidden) return;
      box.textContent = "";
      const title = document.createElement("b");
      title.textContent = plot.series[0].value(plot, plot.data[0][idx]);
      box.append(title);
      const begun = plot.series.length > 5 && plot.data[5][idx] != null && plot.data[6] && plot.data[6][idx] != null;
      plot.series.map((one, place) => [one, place]).reverse().forEach(([one, place]) => {
        const value = plot.data[place][idx];
        if (place === 0 || value == null || one.fixed || (one.edge && !one.low) || (begun && place < 6)) return;
        const said = one.low ? `${one.value(plot, plot.data[one.low][idx])} – ${one.value(plot, value)}` : one.value(plot, value);
        const row = document.createElement("p");
        row.append(one.label, " ", Object.assign(document.createElement("span"), { textContent: said }));
        box.append(row);
      });
      const room = plot.over.clientWidth, wide = box.offsetWidth;
      box.style.transform = `translate(${left + 16 + wide > room ? Math.max(left - wide - 12, 0) : left + 16}px, ${Math.max(top - 30, 0)}px)`;
    };
    return { hooks: { init: [(plot) => plot.over.append(box)], setCursor: [show] } };
  }

  function marker(at) {
    // a quiet vertical line where the forecast begins
    return {
      hooks: {
        drawAxes: [(plot) => {
          const x = Math.round(plot.valToPos(at, "x", true));
          plot.ctx.save();
          plot.ctx.strokeStyle = color("--muted");
          plot.ctx.globalAlpha = 0.5;
          plot.ctx.setLineDash([3, 4]);
          plot.ctx.beginPath();
          plot.ctx.moveTo(x, plot.bbox.top);
          plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
          plot.ctx.stroke();
          plot.ctx.restore();
        }],
      },
    };
  }

  const wash = (alpha) => { const [r, g, b] = color("--accent-rgb").split(" "); return `rgba(${r},${g},${b},${alpha})`; };

  const DRAW = {
    fan(data, words) {
      const format = number(2), short = number(0);
      const begins = data.x[data.predicted_price.findIndex((value) => value != null)];
      return {
        height: 390, plugins: [marker(begins)], axes: axes(short),
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          edge(words.band90, format, 2), edge("", format), edge(words.band50, format, 4), edge("", format),
          line(words.forecast, color("--accent"), format, { width: 2.5 }),
          line(words.price, color("--ink"), format, { width: 1.75, spanGaps: false }),
        ],
        bands: [{ series: [1, 2], fill: wash(0.16) }, { series: [3, 4], fill: wash(0.26) }],
        areas: [{ label: words.band50, mark: wash(0.4) }, { label: words.band90, mark: wash(0.16) }],
        data: [data.x, data.q95, data.q05, data.q75, data.q25, data.predicted_price, data.price],
      };
    },
    reality(data, words) {
      const format = number(2);
      return {
        height: 430, axes: axes(number(0)),
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          edge(words.band90, format, 2), edge("", format),
          line(words.forecast, color("--accent"), format),
          line(words.actual, color("--ink"), format, { width: 1.75 }),
        ],
        bands: [{ series: [1, 2], fill: wash(0.14) }],
        areas: [{ label: words.band90, mark: wash(0.2) }],
        data: [data.x, data.q95, data.q05, data.predicted_price, data.actual_price],
      };
    },
    errors(data, words) {
      const format = number(2, " %");
      return {
        height: 190, axes: axes(number(1, " %")), scales: { y: { range: (plot, low, high) => [0, high * 1.15 || 1] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          line(words.mape, color("--accent"), format), line(words.naive, color("--muted"), format, { dash: [5, 4], width: 1.75 }),
        ],
        data: [data.x, data.mape, data.naive],
      };
    },
    coverage(data, words) {
      const format = number(1, " %");
      return {
        height: 170, axes: axes(number(0, " %")), scales: { y: { range: (plot, low) => [Math.min(low - 2, 70), 101] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          line(words.coverage, color("--accent"), format), line("90 %", color("--muted"), format, { dash: [5, 4], width: 1.25, fixed: true }),
        ],
        data: [data.x, data.coverage, data.x.map(() => 90)],
      };
    },
    drift(data, words) {
      const format = number(0, " %");
      return {
        height: 220, axes: axes(format), scales: { y: { range: [0, 104] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          line(words.features, color("--accent"), format), line(words.returns, color("--muted"), format, { width: 1.75 }),
          line(words.errors, color("--warn"), format, { dash: [5, 4], width: 1.75 }),
          line(words.drifted, color("--bad"), format, { width: 0, fixed: true, points: { show: true, size: 7, fill: color("--bad") }, spanGaps: false }),
        ],
        data: [data.x, data.features, data.returns, data.errors, data.drifted],
      };
    },
    evidence(data, words) {
      // a bet multiplies: equal factors are equally far apart
      const format = number(2), [across, up] = axes(number(0));
      const powers = (plot, values) => values.map((value) => (value == null ? "" : String(Number(value.toPrecision(2)))));
      const least = Math.min(0.1, ...[...data.better, ...data.worse].filter((value) => value != null));
      const bottom = Math.max(10 ** Math.floor(Math.log10(least)), 0.01);
      return {
        height: 220, axes: [across, { ...up, values: powers }],
        scales: { y: { distr: 3, range: (plot, low, high) => [bottom, Math.max(high ?? 1, data.decides[0]) * 1.5] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          line(words.better, color("--accent"), format), line(words.worse, color("--warn"), format, { width: 1.75 }),
          line(words.decides, color("--muted"), number(0), { dash: [5, 4], width: 1.25 }),
        ],
        data: [data.x, data.better, data.worse, data.decides],
      };
    },
    latency(data, words) {
      return {
        height: 170, axes: axes(number(0), true), scales: { y: { range: (plot, low, high) => [0, Math.max(high * 1.2, 1)] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : new Date(value * 1000).toISOString().slice(11, 16) + " UTC"), label: "" },
          line(words.latency, color("--accent"), number(1, " ms"), { spanGaps: false, points: { show: true, size: 4 } }),
        ],
        data: [data.x, data.latency],
      };
    },
    costs(data, words) {
      return {
        height: 190, axes: axes(number(Math.max(...data.cost) < 0.05 ? 4 : 2)), scales: { y: { range: (plot, low, high) => [0, high * 1.2] } },
        series: [
          { value: (plot, value) => (value == null ? "–" : day(value)), label: "" },
          line(words.cost, color("--accent"), number(3, " USD"), { fill: wash(0.55), width: 0, paths: uPlot.paths.bars({ size: [0.7, 18], radius: 0.25 }) }),
        ],
        data: [data.x, data.cost],
      };
    },
  };

  function draw() {
    plots.forEach(({ plot, watch }) => { watch.disconnect(); plot.destroy(); });
    plots = [];
    const charts = read("charts"), words = read("labels");
    document.querySelectorAll("[data-chart]").forEach((figure) => {
      const data = charts[figure.dataset.chart];
      figure.hidden = !data;
      if (!data) return;
      const place = figure.querySelector(".plot");
      place.textContent = "";
      const { data: columns, ...options } = DRAW[figure.dataset.chart.split(":")[0]](data, words);
      const phone = window.matchMedia("(max-width: 640px)").matches;
      const height = phone ? Math.min(options.height, 240) : options.height;
      key(figure, [...options.series.slice(1), ...(options.areas || [])]);
      const plot = new uPlot(
        { ...options, width: Math.max(place.clientWidth, 200), height, scales: { x: { time: true }, ...(options.scales || {}) }, cursor: { points: { size: 7 }, drag: { x: true, y: false } }, legend: { show: false }, plugins: [...(options.plugins || []), tip()] },
        columns, place);
      const watch = new ResizeObserver(() => plot.setSize({ width: Math.max(place.clientWidth, 200), height }));
      watch.observe(place);
      plots.push({ plot, watch, place, height });
    });
    document.body.dataset.drawn = String(plots.length);
  }

  function show(name, focus) {
    // one part of the page, and links that keep it
    const root = document.documentElement;
    root.dataset.tab = name;
    document.querySelectorAll("#tabs a").forEach((tab) => {
      const mine = tab.dataset.opens === name;
      tab.setAttribute("aria-selected", String(mine));
      tab.tabIndex = mine ? 0 : -1;
      if (!mine) return;
      if (focus) tab.focus({ preventScroll: true });
      tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
    });
    document.querySelectorAll('#page a[href^="?"]').forEach((link) => { link.hash = `tab=${name}`; });
  }

  function tabs() {
    const list = document.getElementById("tabs");
    if (!list) return;
    const all = [...list.children];
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", list.parentElement.getAttribute("aria-label"));
    list.parentElement.setAttribute("role", "presentation");
    list.parentElement.removeAttribute("aria-label");
    const open = (tab, focus) => {
      if (tab.dataset.opens !== document.documentElement.dataset.tab) history.pushState(null, "", tab.hash);
      show(tab.dataset.opens, focus);
    };
    all.forEach((tab) => {
      const panel = document.querySelector(`[data-panel="${tab.dataset.opens}"]`);
      panel.id = `panel-${tab.dataset.opens}`; // no longer what the address names: the browser would scroll to it and focus it
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.removeAttribute("aria-label");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.tabIndex = 0;
      tab.addEventListener("click", (event) => { event.preventDefault(); open(tab, true); });
    });
    list.addEventListener("keydown", (event) => {
      const here = all.indexOf(document.activeElement), last = all.length - 1;
      const to = { ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here === 0 ? last : here - 1, Home: 0, End: last }[event.key];
      if (here < 0 || to === undefined) return;
      event.preventDefault();
      open(all[to], true);
    });
    show(document.documentElement.dataset.tab);
  }

  function named() {
    // the part that the address names, after going back or forth
    const [, name] = /^#tab=(.+)$/.exec(location.hash) || [];
    if (document.getElementById(`to-${name}`)) show(name);
    else if (!location.hash) show("forecast");
  }

  let asking = null;

  function planner() {
    // sliders beside the fields of the form, and its answer without a new page
    const form = document.querySelector("form.plan");
    if (!form) return;
    const days = form.dataset.days.split(" ");
    let due = 0;
    form.classList.add("live");
    const told = (slider) => {
      if (slider.name !== "risk") return;
      const text = slider.dataset.texts.split("|")[slider.value];
      slider.setAttribute("aria-valuetext", text);
      slider.parentElement.querySelector("output").value = text;
    };
    form.addEventListener("input", (event) => {
      const one = event.target, sets = one.dataset.sets;
      if (sets) form.elements[sets].value = sets === "by" ? days[one.value] : one.value;
      else if (one.name === "by") form.querySelector('[data-sets="by"]').value = Math.max(days.findLastIndex((day) => day <= one.value), 0);
      else if (form.querySelector(`[data-sets="${one.name}"]`)) form.querySelector(`[data-sets="${one.name}"]`).value = one.value;
      form.querySelector('[data-sets="by"]').setAttribute("aria-valuetext", form.elements.by.value);
      told(one);
      clearTimeout(due);
      due = setTimeout(() => ask(form), 120);
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); ask(form); });
  }

  async function ask(form) {
    const query = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", `?${query}#tab=plan`);
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.plan}?${query}`, { credentials: "same-origin", signal: asking.signal });
      if (answer.redirected) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      document.getElementById("plan-answer").replaceChildren(...fresh.children);
      document.getElementById("plan-said").textContent = (document.getElementById("plan-advice") || document.getElementById("plan-refused")).textContent;
      document.getElementById("offline").hidden = true;
    } catch (error) {
      if (error.name !== "AbortError") document.getElementById("offline").hidden = false;
    }
  }

  function paper(printing) {
    // every chart as wide as a sheet, whichever part of the page was open
    plots.forEach(({ plot, place, height }) => plot.setSize({ width: printing ? 640 : Math.max(place.clientWidth, 200), height }));
  }

  async function refresh() {
    if (document.hidden || document.querySelector("form.plan :active")) return;
    const offline = document.getElementById("offline");
    try {
      const answer = await fetch(location.href, { headers: { "x-refresh": "1" }, credentials: "same-origin" });
      if (answer.redirected) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("page");
      const page = document.getElementById("page");
      const open = [...page.querySelectorAll("details[open]")].map((one) => one.id);
      const focused = document.activeElement && page.contains(document.activeElement) ? path(document.activeElement, page) : null;
      const typed = [...page.querySelectorAll(".odds [name]")].map((one) => [one.name, one.value]);
      plots.forEach(({ plot, watch }) => { watch.disconnect(); plot.destroy(); });
      plots = [];
      page.replaceWith(document.adoptNode(fresh));
      typed.forEach(([name, value]) => { const one = document.querySelector(`.odds [name="${name}"]`); if (one) one.value = value; });
      open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
      if (focused) { const again = find(focused, document.getElementById("page")); if (again) again.focus({ preventScroll: true }); }
      listen();
      draw();
    } catch (error) {
      if (offline) offline.hidden = false;
    }
  }

  function path(node, root) {
    const steps = [];
    for (; node !== root; node = node.parentElement) steps.unshift([...node.parentElement.children].indexOf(node));
    return steps;
  }

  function find(steps, root) {
    return steps.reduce((node, step) => (node ? node.children[step] : null), root);
  }

  function listen() {
    tabs();
    planner();
    document.getElementById("theme").addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("steel-theme", root.dataset.theme); } catch (error) { /* a private window forgets */ }
      draw();
    });
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  listen();
  draw();
  setInterval(refresh, REFRESH_MS);
  window.addEventListener("popstate", named);
  window.addEventListener("beforeprint", () => paper(true));
  window.addEventListener("afterprint", () => paper(false));
  document.addEventListener("visibilitychange", refresh);
})();
