"use strict";
// The interactive page of a study: plot, hover, brush and table of the points in #data.
(() => {
  const study = JSON.parse(document.getElementById("data").textContent);
  const { columns, rows } = study;
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const known = (v) => v !== null && v !== undefined;
  const isNumber = (name) => rows.some((r) => typeof r[name] === "number");
  const varies = (name) => new Set(rows.map((r) => r[name])).size > 1;
  const numeric = Object.keys(columns).filter((n) => n !== "id" && isNumber(n));
  const names = Object.keys(columns).filter((n) => rows.some((r) => known(r[n])));
  // What is the same everywhere stands once above the table, not in every line.
  const listed = names.filter((n) => n === "id" || rows.length < 2 || varies(n));
  // The columns that a sheet of paper has room for.
  const paper = new Set(["id", ...study.axes, "accuracy", "accuracy_sd", "test", "sop", "latency_ms", "memory_kbit", "fits", "fmax_mhz"]);
  const style = (name) => (isNumber(name) ? "" : "word") + (paper.has(name) || name === state.x || name === state.y ? "" : " more");
  const realOf = Object.fromEntries(
    Object.entries(columns).filter(([, c]) => c.real).map(([n, c]) => [c.real, n]));
  const state = { x: study.front[0], y: study.front[1], by: "", fits: false, brush: null, sort: "id", up: true };

  const show = (v, name) => {
    if (!known(v)) return "–";
    if (columns[name]?.percent) return `${(100 * v).toLocaleString("en", { maximumFractionDigits: 1 })}\u00a0%`;
    if (typeof v === "boolean") return v ? "yes" : "no";
    if (typeof v !== "number") return String(v);
    if (Number.isInteger(v)) return v.toLocaleString("en");
    return Number(v.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
  };
  const element = (name, attributes, parent, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  };
  const html = (name, parent, text, css) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (css) made.className = css;
    if (parent) parent.appendChild(made);
    return made;
  };

  // Round numbers, 1, 2 or 5 times a power of ten apart.
  const ticks = (low, high, count) => {
    const size = 10 ** Math.floor(Math.log10((high - low) / count));
    const step = [1, 2, 5, 10].map((s) => s * size).find((s) => s * count >= (high - low) * (1 - 1e-9));
    const out = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9) + step * 1e-9; k++) out.push(k * step || 0); // no -0
    return [out, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))];
  };
  const label = (v, decimals, name) => {
    const percent = columns[name].percent, digits = Math.max(0, decimals - (percent ? 2 : 0));
    return (percent ? 100 * v : v).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  const title = (name) => columns[name].label + (columns[name].percent ? " [%]" : "");

  const shown = () => rows.filter((r) => known(r[state.x]) && known(r[state.y]) && (!state.fits || r.fits));
  const inside = (r) => {
    const b = state.brush;
    return !b || (r[state.x] >= b.x0 && r[state.x] <= b.x1 && r[state.y] >= b.y0 && r[state.y] <= b.y1);
  };
  // The points that no other point betters in both columns, among those that fit.
  const frontOf = (points) => {
    const [bx, by] = [columns[state.x].better, columns[state.y].better];
    if (!bx || !by) return [];
    const p = points.filter((r) => r.fits);
    const beats = (a, b) => {
      const [dx, dy] = [bx * (a[state.x] - b[state.x]), by * (a[state.y] - b[state.y])];
      return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0);
    };
    return p.filter((b) => !p.some((a) => beats(a, b))).sort((a, b) => a[state.x] - b[state.x] || a[state.y] - b[state.y]);
  };
  const classes = () => [...new Set(rows.map((r) => r[state.by]))].sort((a, b) => (a > b) - (a < b));

  let scale = null;
  const draw = () => {
    const width = Math.max(300, $("plot").clientWidth), narrow = width < 520;
    const height = narrow ? 320 : Math.min(520, width * 0.5);
    const points = shown(), front = frontOf(points), kinds = state.by ? classes() : [undefined];
    $("plot").replaceChildren();
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
      "aria-label": `${columns[state.y].label} against ${columns[state.x].label}` }, $("plot"));
    if (!points.length) {
      element("text", { x: width / 2, y: height / 2, class: "mid" }, svg, "no point has both columns");
      scale = null;
      legend(kinds, false); table(front); return;
    }
    const real = { x: realOf[state.x], y: realOf[state.y] };
    const values = (axis) => points.flatMap((r) => [r[state[axis]], real[axis] && r[real[axis]]]).filter((v) => typeof v === "number");
    const range = (axis) => {
      const v = values(axis), low = Math.min(...v), high = Math.max(...v), room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
      return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
    };
    const [xl, xh] = range("x"), [yl, yh] = range("y");
    const [xt, xd] = ticks(xl, xh, narrow ? 4 : 7), [yt, yd] = ticks(yl, yh, 8);
    const left = 16 + 6.8 * Math.max(...yt.map((v) => label(v, yd, state.y).length)), right = 18, top = 26, bottom = 46;
    const X = (v) => left + (v - xl) / (xh - xl) * (width - left - right);
    const Y = (v) => height - bottom - (v - yl) / (yh - yl) * (height - top - bottom);
    scale = { svg, left, right, top, bottom, width, height, points, X, Y,
      x: (px) => xl + (px - left) / (width - left - right) * (xh - xl),
      y: (py) => yl + (height - bottom - py) / (height - top - bottom) * (yh - yl) };
    for (const v of yt) {
      element("path", { class: "grid", d: `M${left} ${Y(v)}H${width - right}` }, svg);
      element("text", { class: "end", x: left - 7, y: Y(v) + 4 }, svg, label(v, yd, state.y));
    }
    for (const v of xt) element("text", { class: "mid", x: X(v), y: height - bottom + 17 }, svg, label(v, xd, state.x));
    element("path", { class: "axis", d: `M${left} ${height - bottom}H${width - right}` }, svg);
    element("text", { class: "label", x: 6, y: 14 }, svg, title(state.y));
    element("text", { class: "label end", x: width - right, y: height - 8 }, svg, title(state.x));
    if (front.length > 1) element("path", { class: "front",
      d: "M" + front.map((r) => `${X(r[state.x])} ${Y(r[state.y])}`).join("L") }, svg);
    let built = false;
    const best = new Set(front);
    for (const r of points) {
      const place = [X(r[state.x]), Y(r[state.y])];
      const beside = [real.x && known(r[real.x]) ? X(r[real.x]) : place[0], real.y && known(r[real.y]) ? Y(r[real.y]) : place[1]];
      const kind = state.by ? kinds.indexOf(r[state.by]) % 8 : 0;
      const out = (inside(r) ? "" : " out") + (best.has(r) ? " best" : "");
      if ((real.x && known(r[real.x])) || (real.y && known(r[real.y]))) {
        built = true;
        element("path", { class: "pair", d: `M${place}L${beside}` }, svg);
        element("circle", { class: `c${kind} real`, cx: beside[0], cy: beside[1], r: 6 }, svg);
      }
      element("circle", { class: `c${kind} point${out}${r.fits === false ? " misfit" : ""}`, "data-id": r.id,
        cx: place[0], cy: place[1], r: narrow ? 4 : 5 }, svg);
    }
    if (state.brush) {
      const b = state.brush;
      element("rect", { class: "brush", x: X(b.x0), y: Y(b.y1), width: X(b.x1) - X(b.x0), height: Y(b.y0) - Y(b.y1) }, svg);
    }
    legend(kinds, built); table(front);
  };

  const legend = (kinds, built) => {
    const box = $("legend");
    box.replaceChildren();
    const key = (css, words) => { const k = html("span", box, undefined, "key"); html("i", k, undefined, css); k.append(words); };
    if (state.by) kinds.forEach((v, k) => key(`c${k % 8}`, `${columns[state.by].label} ${show(v, state.by)}`));
    else key("c0", "point");
    key("line", "Pareto front");
    if (rows.some((r) => r.fits === false)) key("hollow", "does not fit its board");
    if (built) key("ring", "placed and routed, joined with its estimate");
  };

  const table = (front) => {
    const onFront = new Set(front.map((r) => r.id));
    const kept = rows.filter((r) => (!state.fits || r.fits) && (!state.brush || (known(r[state.x]) && known(r[state.y]) && inside(r))));
    const order = (a, b) => {
      const [u, v] = [a[state.sort], b[state.sort]];
      if (!known(u) || !known(v)) return known(v) - known(u) || a.id - b.id;
      return (state.up ? 1 : -1) * ((u > v) - (u < v)) || a.id - b.id;
    };
    kept.sort(order);
    $("count").textContent = `${kept.length} of ${rows.length} points, ${kept.filter((r) => onFront.has(r.id)).length} on the front (marked ★)` +
      (state.brush ? "." : ". Drag across the plot to keep a part of it.");
    $("clear").hidden = !state.brush;
    const body = $("rows");
    body.replaceChildren();
    const head = html("tr", html("thead", body));
    for (const name of listed) {
      const cell = html("th", head, undefined, style(name));
      cell.setAttribute("aria-sort", state.sort === name ? (state.up ? "ascending" : "descending") : "none");
      const button = html("button", cell, columns[name].label + (state.sort === name ? (state.up ? " ↑" : " ↓") : ""));
      button.type = "button";
      button.addEventListener("click", () => {
        state.up = state.sort === name ? !state.up : (columns[name].better || -1) < 0;
        state.sort = name;
        draw();
      });
    }
    const lines = html("tbody", body);
    for (const r of kept) {
      const line = html("tr", lines, undefined, onFront.has(r.id) ? "front" : "");
      for (const name of listed) html("td", line, (name === "id" && onFront.has(r.id) ? "★ " : "") + show(r[name], name), style(name));
      line.addEventListener("pointerenter", () => mark(r.id));
      line.addEventListener("pointerleave", () => mark(null));
    }
  };

  const mark = (id) => {
    for (const dot of $("plot").querySelectorAll(".hot")) dot.classList.remove("hot");
    if (id !== null) $("plot").querySelector(`[data-id="${id}"]`)?.classList.add("hot");
  };

  const hide = () => { $("hint").style.display = "none"; mark(null); };
  const hover = (px, py) => {
    const near = scale.points.map((r) => [Math.hypot(scale.X(r[state.x]) - px, scale.Y(r[state.y]) - py), r])
      .reduce((a, b) => (b[0] < a[0] ? b : a));
    if (near[0] > 26) { hide(); return; }
    const r = near[1], box = $("hint");
    mark(r.id);
    box.replaceChildren();
    const same = scale.points.filter((p) => p !== r && p[state.x] === r[state.x] && p[state.y] === r[state.y]);
    html("b", box, `Point ${r.id}` + (same.length ? `, at the same place ${same.map((p) => p.id).join(", ")}` : ""));
    const lines = html("div", box, undefined, "lines");
    for (const name of names) {
      const { label, real } = columns[name];
      if (name === "id" || !known(r[name]) || (real && known(r[real]))) continue;
      const line = html("p", lines);
      html("span", line, label);
      const cell = html("span", line, show(r[name], name));
      const placed = realOf[name];
      if (placed && known(r[placed])) html("em", cell, ` → ${show(r[placed])} ${name === "clock_mhz" ? "fmax" : "placed"}`);
    }
    box.style.display = "block";
    const stage = box.parentElement.getBoundingClientRect(), plot = $("plot").getBoundingClientRect();
    const x = plot.left - stage.left + scale.X(r[state.x]), wide = box.offsetWidth;
    box.style.left = `${Math.max(4, x + 16 + wide < stage.width ? x + 16 : x - 16 - wide)}px`;
    const y = plot.top - stage.top + scale.Y(r[state.y]) - box.offsetHeight / 2;
    box.style.top = `${Math.max(4, y)}px`;
  };

  const where = (event) => {
    const box = scale.svg.getBoundingClientRect();
    const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
    return [clamp((event.clientX - box.left) * scale.width / box.width, scale.left, scale.width - scale.right),
      clamp((event.clientY - box.top) * scale.height / box.height, scale.top, scale.height - scale.bottom)];
  };
  let start = null, band = null;
  $("plot").addEventListener("pointerdown", (event) => {
    if (!scale || event.button) return;
    start = where(event);
    // A pen or finger that moves up or down scrolls the page; the browser then cancels the pointer.
    $("plot").setPointerCapture(event.pointerId);
  });
  $("plot").addEventListener("pointermove", (event) => {
    if (!scale) return;
    const [px, py] = where(event);
    if (!start) { hover(px, py); return; }
    if (Math.hypot(px - start[0], py - start[1]) < 5) return;
    hide();
    band = band || element("rect", { class: "brush" }, scale.svg);
    for (const [key, value] of Object.entries({ x: Math.min(px, start[0]), y: Math.min(py, start[1]),
      width: Math.abs(px - start[0]), height: Math.abs(py - start[1]) })) band.setAttribute(key, value);
  });
  $("plot").addEventListener("pointerup", (event) => {
    if (!start) return;
    const [[ax, ay], [bx, by]] = [start, where(event)];
    start = null;
    if (!band) { hover(bx, by); return; }
    band = null;
    state.brush = { x0: scale.x(Math.min(ax, bx)), x1: scale.x(Math.max(ax, bx)), y0: scale.y(Math.max(ay, by)), y1: scale.y(Math.min(ay, by)) };
    draw();
  });
  $("plot").addEventListener("pointercancel", () => { start = null; band?.remove(); band = null; });
  $("plot").addEventListener("pointerleave", (event) => {
    // A finger leaves as it is lifted; what it pointed at stays.
    if (!start && event.pointerType !== "touch") hide();
  });

  const fill = (id, list, none) => {
    if (none) $(id).append(new Option(none, ""));
    for (const name of list) $(id).append(new Option(columns[name].label, name));
    $(id).value = state[id];
    $(id).addEventListener("change", () => { state[id] = $(id).value; state.brush = null; hide(); draw(); });
  };
  const axes = study.axes.filter(varies);
  // Boards share their networks and would hide one another.
  state.by = ["weight_width", "sparsity", "method", ...axes].find((n) => axes.includes(n)) || "";
  fill("x", numeric); fill("y", numeric); fill("by", axes, "nothing");
  $("fits").addEventListener("change", () => { state.fits = $("fits").checked; draw(); });
  $("clear").addEventListener("click", () => { state.brush = null; draw(); });
  const same = names.filter((n) => !listed.includes(n));
  $("same").textContent = same.length ? `The same for all: ${same.map((n) => `${columns[n].label} ${show(rows[0][n], n)}`).join(", ")}.` : "";
  addEventListener("resize", draw);
  addEventListener("beforeprint", draw);
  draw();
})();
