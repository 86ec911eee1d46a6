// The page's own script: theme, filters, and the charts, which are drawn when they come into view.
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";

  // Theme

  const theme = byId("theme");
  const redrawn = [];
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.hidden = false;
  nameTheme();
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); redraw(); });
  dark.addEventListener("change", () => { nameTheme(); redraw(); });
  const redraw = () => redrawn.forEach((draw) => draw());

  // Copying a place

  if (navigator.clipboard) {
    for (const place of document.querySelectorAll("[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", `Copy ${place.dataset.copy}`);
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(place.dataset.copy).then(() => { button.textContent = "Copied"; }, () => {});
      });
      place.append(button);
    }
  }

  // Filters

  const checked = (name) => new Set([...document.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value));

  const findingFilters = byId("finding-filters");
  if (findingFilters) {
    const findings = [...document.querySelectorAll(".finding")];
    const filter = () => {
      const severities = checked("severity");
      const wanted = byId("finding-search").value.toLowerCase();
      let shown = 0;
      for (const finding of findings) {
        finding.hidden = !severities.has(finding.dataset.severity) || !finding.textContent.toLowerCase().includes(wanted);
        shown += !finding.hidden;
      }
      byId("finding-count").textContent = shown === findings.length ? "" : `${shown} of ${findings.length}`;
    };
    findingFilters.hidden = false;
    findingFilters.addEventListener("input", filter);
  }

  const tree = byId("tree");
  if (tree) {
    const modules = [...tree.querySelectorAll(".module")];
    const filter = () => {
      const states = checked("state");
      const wanted = byId("module-search").value.toLowerCase();
      const isFiltered = wanted !== "" || document.querySelectorAll("input[name=state]:not(:checked)").length > 0;
      let shown = 0;
      // Children come after their parents: from the end, a parent knows whether any of its own is shown.
      const kept = new Set();
      for (const module of modules.slice().reverse()) {
        const fits = states.has(module.dataset.state) && module.dataset.name.toLowerCase().includes(wanted);
        shown += fits;
        if (fits || kept.has(module)) {
          const above = module.parentElement.closest(".module");
          if (above) kept.add(above);
        }
        module.hidden = !fits && !kept.has(module);
        const details = module.querySelector(":scope > details");
        if (isFiltered && details && kept.has(module)) details.open = true;
      }
      byId("module-count").textContent = isFiltered ? `${shown} of ${modules.length}` : "";
    };
    byId("module-filters").hidden = false;
    byId("module-filters").addEventListener("input", filter);
    const unfold = byId("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.textContent === "Unfold all";
      for (const details of tree.querySelectorAll("details")) details.open = open;
      unfold.textContent = open ? "Fold all" : "Unfold all";
    });
  }
  // A link to something folded unfolds what it is in.
  const reveal = () => {
    const target = document.querySelector(":target");
    if (!target) return;
    target.hidden = false;
    for (let above = target; above; above = above.parentElement) if (above.tagName === "DETAILS") above.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Plotly is run when the page stands: its five megabytes would keep the first finding from being read.

  const data = JSON.parse(byId("drawing").textContent);
  const library = byId("plotly");
  if (!data || !library) return;
  const started = () => {
    const script = document.createElement("script");
    script.textContent = library.textContent;
    document.head.append(script);
    charts();
    root.dataset.charts = "ready";
  };
  if (document.readyState === "complete") setTimeout(started); else addEventListener("load", () => setTimeout(started));

  function charts() {
    // Numbers

    const bytes = (text) => {
      const letters = atob(text), found = new Uint8Array(letters.length);
      for (let at = 0; at < letters.length; at++) found[at] = letters.charCodeAt(at);
      return found;
    };
    const floats = (text) => {
      const buffer = bytes(text).buffer;
      if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return new Float32Array(buffer);
      const view = new DataView(buffer);
      return Float32Array.from({ length: view.byteLength / 4 }, (_, place) => view.getFloat32(4 * place, true));
    };
    const count = data.last.length;
    const unpacked = (tracks) => {
      const values = floats(tracks.values);
      const lowest = tracks.lowest === null ? values : floats(tracks.lowest);
      const highest = tracks.highest === null ? values : floats(tracks.highest);
      const marks = bytes(tracks.marks);
      const row = (array, position) => array.subarray(position * count, (position + 1) * count);
      return (position) => ({
        values: row(values, position), lowest: row(lowest, position), highest: row(highest, position),
        marks: row(marks, position), isBand: tracks.lowest !== null,
      });
    };
    const MISSING = 1, NON_FINITE = 2;
    const steps = data.last;
    const spans = data.last.map((last, place) => (data.first[place] === last ? `step ${last}` : `steps ${data.first[place]} to ${last}`));
    const short = (value) => (value === 0 ? "0" : Math.abs(value) >= 0.001 && Math.abs(value) < 100000 ? String(Number(value.toPrecision(4))) : value.toExponential(2));
    const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");  // Plotly reads some markup in texts.

    // Charts

    const LIGHT = ["#0b57a4", "#b3541e", "#176b34", "#8b2fa8", "#a81b12", "#00707a", "#6b5200", "#c2185b"];
    const DARK = ["#8cc2ff", "#ffb27a", "#6fd898", "#dda6f5", "#ff9d94", "#5fd3dd", "#e5c95c", "#ff8fbf"];
    const colour = (place) => (isDark() ? DARK : LIGHT)[place % LIGHT.length];
    const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
    const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
    const layout = (more) => ({
      paper_bgcolor: style("--back"), plot_bgcolor: style("--back"), font: { color: style("--text"), family: "system-ui, sans-serif", size: 13 },
      margin: { l: 64, r: 16, t: 16, b: 44 }, hovermode: "closest", showlegend: true, uirevision: "zoom",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom" },
      ...more,
      xaxis: { title: { text: "step" }, gridcolor: style("--line"), zeroline: false, ...more.xaxis },
      yaxis: { gridcolor: style("--line"), zeroline: false, automargin: true, ...more.yaxis },
    });
    const draw = (id, make) => {
      const place = byId(id);
      if (!place) return () => {};
      let isDrawn = false;
      const now = () => { const [traces, more] = make(); isDrawn = true; Plotly.react(place, traces, layout(more), config); };
      new IntersectionObserver((seen, observer) => {
        if (!seen.some((one) => one.isIntersecting)) return;
        observer.disconnect();
        now();
      }, { rootMargin: "300px" }).observe(place);
      redrawn.push(() => { if (isDrawn) now(); });
      return () => { if (isDrawn) now(); };
    };
    // A logarithmic axis of whole decades, two at the least: noise must not fill a chart.
    const decades = (tracks, floor) => {
      let low = Infinity, high = 0, isMarked = false;
      for (const track of tracks) {
        for (const value of track.lowest) if (value > 0 && value < low) low = value;
        for (const value of track.highest) if (value > high) high = value;
        isMarked = isMarked || track.marks.some((mark) => mark) || track.values.some((value) => value === 0);
      }
      if (!Number.isFinite(low)) [low, high] = [floor, floor];
      const bottom = isMarked ? Math.log10(floor) - 0.5 : Math.floor(Math.log10(low));
      const top = Math.max(Math.ceil(Math.log10(high) + 0.1), Math.ceil(bottom) + 2);
      return { type: "log", range: [bottom, top], dtick: Math.max(1, Math.ceil((top - bottom) / 8)), exponentformat: "power" };
    };
    const translucent = (hex) => `${hex}33`;

    const deepSteps = [];
    for (const [first, last] of data.deep) for (let step = first; step <= last && deepSteps.length < 4000; step++) deepSteps.push(step);
    const deepTrace = () => ({
      x: deepSteps, y: deepSteps.map(() => 0.02), yaxis: "y2", mode: "markers", name: "deep steps", hoverinfo: "x+name",
      marker: { symbol: "line-ns-open", size: 9, color: style("--quiet"), line: { width: 1.5 } },
    });
    const deepAxis = { overlaying: "y", range: [0, 1], visible: false, fixedrange: true };

    // Points of a track, its band, and marks at the floor for what a logarithmic scale cannot show.
    const trackTraces = (name, track, place, floor, isLog) => {
      const traces = [], hue = colour(place), shown = plain(name);
      const usable = (value) => (isLog ? value > 0 : !Number.isNaN(value));
      if (track.isBand) {
        // Down one side and up the other, piece by piece between gaps.
        const x = [], y = [];
        let from = 0;
        while (from < count) {
          if (!usable(track.highest[from])) { from++; continue; }
          let to = from;
          while (to + 1 < count && usable(track.highest[to + 1])) to++;
          for (let at = from; at <= to; at++) { x.push(steps[at]); y.push(track.highest[at]); }
          for (let at = to; at >= from; at--) { x.push(steps[at]); y.push(usable(track.lowest[at]) ? track.lowest[at] : floor); }
          x.push(null); y.push(null);
          from = to + 1;
        }
        traces.push({ x, y, fill: "toself", fillcolor: translucent(hue), line: { width: 0 }, mode: "lines", hoverinfo: "skip", showlegend: false, legendgroup: shown });
      }
      const values = Array.from(track.values, (value) => (usable(value) ? value : null));
      const texts = spans.map((span, at) => `${span}: ${values[at] === null ? "" : short(values[at])}${track.isBand ? ` (${short(track.lowest[at])} to ${short(track.highest[at])})` : ""}`);
      traces.push({ x: steps, y: values, text: texts, hovertemplate: "%{text}<extra>%{fullData.name}</extra>", mode: count > 80 ? "lines" : "lines+markers", name: shown, legendgroup: shown, line: { color: hue, width: 2 }, marker: { size: 5 }, connectgaps: false });
      const special = [
        ["no gradient", "x", (at) => track.marks[at] & MISSING],
        ["zero", "triangle-down", (at) => isLog && track.values[at] === 0],
        ["not finite", "diamond", (at) => track.marks[at] & NON_FINITE],
      ];
      for (const [word, symbol, test] of special) {
        const where = [];
        for (let at = 0; at < count; at++) if (test(at)) where.push(at);
        if (!where.length) continue;
        traces.push({ x: where.map((at) => steps[at]), y: where.map(() => floor), text: where.map((at) => spans[at]), hovertemplate: "%{text}<extra>%{fullData.name}</extra>", mode: "markers", name: `${shown}: ${word}`, legendgroup: shown, showlegend: false, marker: { symbol, size: symbol === "x" ? 5 : 8, color: hue } });
      }
      return traces;
    };

    // Lines of gradient norms

    const norms = unpacked(data.norms);
    // Where a logarithmic chart shows what it cannot: half a decade below the decade of the lowest norm in it.
    const floorOf = (tracks) => {
      let low = Infinity;
      for (const track of tracks) for (const value of track.lowest) if (value > 0 && value < low) low = value;
      return Number.isFinite(low) ? 10 ** (Math.floor(Math.log10(low)) - 0.5) : 1;
    };
    const bad = new Set(["severed", "no-gradient", "zero", "vanished", "non-finite"]);
    const roots = data.modules.map((module, place) => [module, place]).filter(([module]) => module.depth === 0).map(([, place]) => place);
    // What is in trouble with all it is in says nothing new.
    const above = (place) => { let at = place; while (at >= 0 && data.modules[at].depth >= data.modules[place].depth) at--; return at; };
    const isNews = (place) => data.modules[place].depth > 0 && bad.has(data.modules[place].state) && above(place) >= 0 && data.modules[above(place)].state !== data.modules[place].state;
    const troubled = data.modules.map((_, place) => place).filter(isNews);
    const drawn = [...roots, ...troubled].slice(0, 6);
    const redrawLines = draw("chart-lines", () => {
      const tracks = drawn.map(norms), floor = floorOf(tracks);
      return [
        // Marks at the floor, each module's a little lower than those of the one before.
        [...drawn.flatMap((place, at) => trackTraces(data.modules[place].name, tracks[at], at, floor / 1.5 ** at, true)), deepTrace()],
        { yaxis: { ...decades(tracks, floor / 1.5 ** drawn.length), title: { text: "gradient norm" } }, yaxis2: deepAxis },
      ];
    });
    const chips = byId("line-chips"), add = byId("line-add");
    const listLines = () => {
      chips.replaceChildren(...drawn.map((place) => {
        const chip = document.createElement("span"), button = document.createElement("button");
        chip.className = "chip";
        chip.setAttribute("role", "listitem");
        button.type = "button";
        button.textContent = `${data.modules[place].name} \u00d7`;
        button.setAttribute("aria-label", `Remove ${data.modules[place].name} from the chart`);
        button.addEventListener("click", () => { drawn.splice(drawn.indexOf(place), 1); listLines(); redrawLines(); add.focus(); });
        chip.append(button);
        return chip;
      }));
      add.replaceChildren(new Option("a module\u2026", ""), ...data.modules.map((module, place) => [module, place]).filter(([, place]) => !drawn.includes(place)).map(([module, place]) => new Option(module.name, place)));
    };
    const drawLine = (place) => { if (!drawn.includes(place)) { drawn.push(place); listLines(); redrawLines(); } };
    add.addEventListener("change", () => { if (add.value !== "") drawLine(Number(add.value)); });
    byId("line-filters").hidden = false;
    listLines();

    // Heat map

    const depthChoice = byId("heat-depth");
    const deepest = Math.max(0, ...data.modules.map((module) => module.depth));
    const within = (depth) => data.modules.filter((module) => module.depth <= depth).length;
    let depth = 0;
    while (depth < deepest && within(depth + 1) <= 64) depth++;
    for (let level = 0; level <= deepest; level++) depthChoice.append(new Option(`${level + 1} (${within(level)} ${within(level) === 1 ? "module" : "modules"})`, level, level === depth, level === depth));
    byId("heat-filters").hidden = deepest === 0;
    const flat = (rows, value, test) => rows.map((place) => { const track = norms(place); return Array.from(steps, (_, at) => (test(track, at) ? value : null)); });
    const redrawHeat = draw("chart-heat", () => {
      const rows = data.modules.map((_, place) => place).filter((place) => data.modules[place].depth <= depth).reverse();
      // Two modules of one name would be one row of the map.
      const labels = rows.map((place) => { const name = data.modules[place].name; return plain(name.length > 36 ? `\u2026${name.slice(-35)}` : name); });
      const y = rows.map((_, at) => at);
      const z = rows.map((place) => Array.from(norms(place).values, (value) => (value > 0 ? Math.log10(value) : null)));
      const text = rows.map((place) => { const track = norms(place); return Array.from(track.values, (value, at) => `${plain(data.modules[place].name)}<br>${spans[at]}: ${track.marks[at] & MISSING ? "no gradient" : track.marks[at] & NON_FINITE ? "not finite" : Number.isNaN(value) ? "not due" : short(value)}`); });
      const base = { x: steps, y, hoverinfo: "text", text, xgap: 0, ygap: rows.length > 60 ? 0 : 1 };
      const special = [["no gradient", style("--red"), (track, at) => track.marks[at] & MISSING], ["zero", style("--amber"), (track, at) => track.values[at] === 0 && !(track.marks[at] & MISSING)], ["not finite", style("--purple"), (track, at) => track.marks[at] & NON_FINITE]];
      const traces = [{ ...base, type: "heatmap", z, colorscale: "Cividis", showscale: true, colorbar: { title: { text: "log\u2081\u2080 norm" }, thickness: 12, outlinewidth: 0 } }];
      for (const [word, hue, test] of special) {
        const cells = flat(rows, 1, test);
        if (!cells.some((row) => row.some((cell) => cell !== null))) continue;
        traces.push({ ...base, type: "heatmap", z: cells, zmin: 0, zmax: 1, colorscale: [[0, hue], [1, hue]], showscale: false });
        traces.push({ x: [null], y: [null], mode: "markers", name: word, marker: { symbol: "square", size: 12, color: hue } });
      }
      const height = Math.min(Math.max(rows.length * (rows.length > 60 ? 8 : 18), 120) + 110, 4000);
      byId("chart-heat").style.minHeight = `${height}px`;
      const every = Math.ceil(rows.length / Math.max(1, Math.floor((height - 110) / 14)));
      const ticks = y.filter((at) => at % every === 0);
      return [traces, { height, yaxis: { tickvals: ticks, ticktext: ticks.map((at) => labels[at]), showgrid: false, range: [-0.5, rows.length - 0.5] }, margin: { l: 16, r: 16, t: 16, b: 44 },  }];
    });
    depthChoice.addEventListener("change", () => { depth = Number(depthChoice.value); redrawHeat(); });

    // The rest

    const metrics = unpacked(data.metrics);
    data.metrics.names.forEach((name, place) => {
      const track = metrics(place);
      let low = Infinity;
      for (const value of track.lowest) if (value < low) low = value;
      draw(`chart-metric-${place}`, () => [trackTraces(name, track, 0, Number.isFinite(low) ? low : 0, false), { height: 256, showlegend: false, yaxis: {} }]);
    });
    const several = (id, tracks, isLog, more) => {
      const take = unpacked(tracks);
      const all = tracks.names.map((_, place) => ({ ...take(place), isBand: false }));
      const floor = floorOf(all);
      draw(id, () => [
        tracks.names.flatMap((name, place) => trackTraces(name, all[place], place, floor, isLog).map((trace) => ({ ...trace, ...more }))),
        { height: 288, yaxis: isLog ? decades(all, floor) : { exponentformat: "power", rangemode: "tozero" } },
      ]);
    };
    several("chart-rates", data.rates, false, {});
    several("chart-ratios", data.ratios, true, { mode: "lines+markers", connectgaps: true });
  }
})();
