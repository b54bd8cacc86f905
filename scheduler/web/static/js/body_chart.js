// The body chart: a press on a muscle ticks its box in the list. How the shapes look follows from the boxes, in CSS.
"use strict";

for (const chart of document.querySelectorAll("[data-body-chart]")) {
  chart.classList.add("live");
  chart.addEventListener("click", (event) => {
    const shape = event.target.closest("[data-muscle]");
    if (shape) document.getElementById(`muscle-${shape.dataset.muscle}`).click();
  });
}
