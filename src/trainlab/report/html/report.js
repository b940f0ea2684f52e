"use strict";

// Charts over epochs. All coordinates are those of the whole range; `view` maps them to what is shown:
// x → view.x[0] + view.x[1]·x, and the same for y.

function niceTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = Math.floor(Math.log10(rough));
  const steps = [power, power + 1].flatMap((exponent) => [1, 2, 5].map((factor) => factor * 10 ** exponent));
  const step = steps.find((one) => (high - low) / one <= most - 1);
  const ticks = [];
  for (let number = Math.ceil(low / step - 1e-9); number <= high / step + 1e-9; number++) ticks.push(number * step);
  return ticks;
}

function numbersOf(text) {
  return (text.match(/-?[\d.]+/g) ?? []).map(Number);
}

class Chart {
  constructor(svg) {
    this.svg = svg;
    this.stops = JSON.parse(svg.dataset.hover);
    this.scales = svg.dataset.zoom ? JSON.parse(svg.dataset.zoom) : null;
    this.view = { x: [0, 1], y: [0, 1] };
    this.cursor = svg.querySelector(".cursor");
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    svg.parentElement.append(this.tip);
    this.ticks = [...svg.querySelectorAll(".axes .grid, .axes .tick")];
    this.shapes = [...svg.querySelectorAll(".series *")].map((element) => {
      const name = { path: "d", polygon: "points", circle: null }[element.tagName];
      const own = name ? element.getAttribute(name) : `${element.getAttribute("cx")} ${element.getAttribute("cy")}`;
      return { element, name, own, points: numbersOf(own) };
    });
  }

  // Where a pointer is, in the coordinates of the whole range.
  place(event) {
    const box = this.svg.getBoundingClientRect();
    const shown = ((event.clientX - box.left) * this.svg.viewBox.baseVal.width) / box.width;
    return (shown - this.view.x[0]) / this.view.x[1];
  }

  nearest(x) {
    return this.stops.reduce((best, stop, i) => (Math.abs(stop[0] - x) < Math.abs(this.stops[best][0] - x) ? i : best), 0);
  }

  point(index) {
    const stop = this.stops[index];
    const x = this.view.x[0] + this.view.x[1] * stop[0];
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.style.visibility = "visible";
    this.tip.textContent = stop.slice(1).join("\n");
    this.tip.hidden = false;
    const scale = this.svg.viewBox.baseVal.width / this.svg.clientWidth;
    const left = x / scale + 12;
    const isRight = left + this.tip.offsetWidth > this.svg.clientWidth;
    this.tip.style.left = (isRight ? Math.max(0, left - 24 - this.tip.offsetWidth) : left) + "px";
  }

  leave() {
    this.cursor.style.visibility = "hidden";
    this.tip.hidden = true;
  }

  select(from, to) {
    const rectangle = this.svg.querySelector(".selection");
    const [a, b] = [Math.min(from, to), Math.max(from, to)].map((x) => this.view.x[0] + this.view.x[1] * x);
    rectangle.setAttribute("x", a);
    rectangle.setAttribute("width", b - a);
  }

  // Show the range from one place to another; the vertical axis fits what is then to be seen.
  show(from, to) {
    const { x, y } = this.scales;
    const isWhole = from <= x[2] + 0.1 && to >= x[3] - 0.1;
    const factor = isWhole ? 1 : (x[3] - x[2]) / (to - from);
    this.view.x = isWhole ? [0, 1] : [x[2] - factor * from, factor];
    this.view.y = isWhole ? [0, 1] : this.fit(from, to, y);
    for (const { element, name, own, points } of this.shapes) {
      let i = 0;
      const moved = own.replace(/-?[\d.]+/g, (text) => {
        const [offset, scale] = i % 2 ? this.view.y : this.view.x;
        return (offset + scale * points[i++]).toFixed(2);
      });
      if (name) element.setAttribute(name, moved);
      else [element.cx.baseVal.value, element.cy.baseVal.value] = moved.split(" ").map(Number);
    }
    this.svg.querySelectorAll(".axes .new").forEach((element) => element.remove());
    for (const element of this.ticks) element.style.display = isWhole ? "" : "none";
    if (!isWhole) this.label(from, to);
    this.leave();
  }

  // The lowest and highest point between two places, and from them where y goes.
  fit(from, to, y) {
    const heights = [];
    for (const { points } of this.shapes) {
      for (let i = 0; i < points.length; i += 2) if (points[i] >= from - 0.1 && points[i] <= to + 0.1) heights.push(points[i + 1]);
    }
    if (!heights.length) return [0, 1];
    const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
    const margin = 0.08 * (bottom - top) || 2;
    const scale = (y[2] - y[3]) / (bottom - top + 2 * margin);
    return [y[3] - scale * (top - margin), scale];
  }

  label(from, to) {
    const { x, y, log } = this.scales;
    const [low, high] = [from, to].map((place) => x[0] + ((place - x[2]) / (x[3] - x[2])) * (x[1] - x[0]));
    const forward = log ? Math.log10 : (value) => value;
    const back = log ? (value) => 10 ** value : (value) => value;
    const [lowest, highest] = y.slice(0, 2).map(forward);
    const value = (shown) => {
      const place = (shown - this.view.y[0]) / this.view.y[1];
      return back(lowest + ((place - y[2]) / (y[3] - y[2])) * (highest - lowest));
    };
    const height = (one) => {
      const place = y[2] + ((forward(one) - lowest) / (highest - lowest)) * (y[3] - y[2]);
      return this.view.y[0] + this.view.y[1] * place;
    };
    const axes = this.svg.querySelector(".axes");
    const pattern = (name) => axes.querySelector(name);
    const add = (like, set) => {
      const element = like.cloneNode(true);
      element.classList.add("new");
      element.style.display = "";
      set(element);
      axes.append(element);
    };
    const write = (one) => Number(one.toPrecision(6)).toString();
    for (const tick of niceTicks(value(y[2]), value(y[3]), 7)) {
      const place = height(tick);
      const [left, right] = numbersOf(pattern(".grid").getAttribute("d")).filter((_, i) => i % 2 === 0);
      add(pattern(".grid"), (line) => line.setAttribute("d", `M${left} ${place}L${right} ${place}`));
      add(pattern(".tick.y"), (text) => {
        text.setAttribute("y", place + 4);
        text.textContent = write(tick);
      });
    }
    for (const tick of niceTicks(low, high, 7)) {
      if (Math.abs(tick - Math.round(tick)) > 1e-6) continue;
      add(pattern(".tick.x"), (text) => {
        text.setAttribute("x", this.view.x[0] + this.view.x[1] * (x[2] + ((tick - x[0]) / (x[1] - x[0])) * (x[3] - x[2])));
        text.textContent = Math.round(tick);
      });
    }
  }
}

const LEAST = 12; // a shorter drag is a click

// Charts that stand together are zoomed together.
function zoomTogether(charts, button) {
  const whole = charts[0].scales.x.slice(2);
  const places = charts[0].stops.map((stop) => stop[0]);
  let range = whole;
  // From a place of a value to one, at least two of them, so that no line leaves between two values.
  const show = (from, to) => {
    let first = places.findLastIndex((place) => place <= from + 0.1);
    let last = places.findIndex((place) => place >= to - 0.1);
    first = Math.max(first, 0);
    last = last < 0 ? places.length - 1 : last;
    if (first === last) last < places.length - 1 ? last++ : first--;
    range = [places[first], places[last]];
    for (const chart of charts) chart.show(...range);
    button.hidden = first === 0 && last === places.length - 1;
  };
  button.addEventListener("click", () => show(...whole));
  for (const chart of charts) {
    let start = null;
    let at = 0;
    chart.svg.addEventListener("pointerdown", (event) => {
      if (event.button === 0) start = chart.place(event);
    });
    chart.svg.addEventListener("pointermove", (event) => {
      if (start === null) return;
      chart.svg.setPointerCapture(event.pointerId);
      chart.select(start, chart.place(event));
    });
    chart.svg.addEventListener("pointerup", (event) => {
      const [from, to] = [start, chart.place(event)].sort((a, b) => a - b);
      if (start !== null && (to - from) * chart.view.x[1] >= LEAST) show(from, to);
      start = null;
      chart.select(0, 0);
    });
    chart.svg.addEventListener("pointercancel", () => {
      start = null;
      chart.select(0, 0);
    });
    chart.svg.addEventListener("dblclick", () => show(...whole));
    chart.svg.addEventListener("blur", () => chart.leave());
    chart.svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const width = range[1] - range[0];
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        at = Math.min(Math.max(at + (event.key === "ArrowLeft" ? -1 : 1), 0), chart.stops.length - 1);
        const x = chart.stops[at][0];
        if (x < range[0] - 0.1) show(x, x + width);
        else if (x > range[1] + 0.1) show(x - width, x);
      } else if (event.key === "+" || event.key === "=" || event.key === "-" || event.key === "−") {
        const half = (width / 2) * (event.key === "+" || event.key === "=" ? 0.5 : 2);
        show(chart.stops[at][0] - half, chart.stops[at][0] + half);
      } else if (event.key === "Escape" || event.key === "0") {
        show(...whole);
        event.preventDefault();
        return;
      } else return;
      event.preventDefault();
      chart.point(at);
    });
    chart.svg.addEventListener("focus", () => (at = chart.nearest(range[0])));
  }
}

for (const group of document.querySelectorAll(".charts")) {
  const charts = [...group.querySelectorAll(".chart")].map((svg) => new Chart(svg));
  for (const chart of charts) {
    if (!chart.stops.length) continue;
    chart.svg.addEventListener("pointermove", (event) => chart.point(chart.nearest(chart.place(event))));
    chart.svg.addEventListener("pointerdown", (event) => chart.point(chart.nearest(chart.place(event))));
    chart.svg.addEventListener("pointerleave", () => chart.leave());
  }
  const zoomable = charts.filter((chart) => chart.scales && chart.stops.length > 2);
  if (zoomable.length) zoomTogether(zoomable, group.querySelector(".reset"));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const text = row.cells[column].dataset.value ?? row.cells[column].textContent;
    return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
  };
  const compare = (a, b, sign) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // what has no figure comes last
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  };
  headings.forEach((heading, column) => {
    heading.classList.add("sorts");
    heading.tabIndex = 0;
    const sort = () => {
      const isAscending = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(value(a, column), value(b, column), isAscending ? 1 : -1));
      table.tBodies[0].append(...rows);
    };
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        sort();
      }
    });
  });
}
