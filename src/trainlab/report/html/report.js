"use strict";
for (const chart of document.querySelectorAll(".chart")) {
  const stops = JSON.parse(chart.dataset.hover);
  const cursor = chart.querySelector(".cursor");
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  chart.parentElement.append(tip);
  chart.addEventListener("pointermove", (event) => {
    if (!stops.length) return;
    const scale = chart.viewBox.baseVal.width / chart.clientWidth;
    const x = (event.clientX - chart.getBoundingClientRect().left) * scale;
    const nearest = stops.reduce((a, b) => (Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a));
    cursor.setAttribute("x1", nearest[0]);
    cursor.setAttribute("x2", nearest[0]);
    cursor.style.visibility = "visible";
    tip.textContent = nearest.slice(1).join("\n");
    tip.hidden = false;
    const left = nearest[0] / scale + 12;
    const isRight = left + tip.offsetWidth > chart.clientWidth;
    tip.style.left = (isRight ? Math.max(0, left - 24 - tip.offsetWidth) : left) + "px";
  });
  chart.addEventListener("pointerleave", () => {
    cursor.style.visibility = "hidden";
    tip.hidden = true;
  });
}
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent;
    const number = parseFloat(text);
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  headings.forEach((heading, column) => {
    heading.classList.add("sorts");
    heading.tabIndex = 0;
    const sort = () => {
      const isAscending = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (isAscending ? 1 : -1) * compare(value(a, column), value(b, column)));
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
