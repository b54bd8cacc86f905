// Prescribing: the rows of phases follow the chosen protocol; what was typed for one is back when it is chosen again.
"use strict";

for (const form of document.querySelectorAll("[data-plan-form]")) {
  const COLUMNS = ["sessions", "min_days", "ideal_days", "max_days"];
  const phasesOf = form.elements.namedItem("phases_of");
  const fold = form.querySelector(".phases");
  const typed = new Map();

  const rows = () => [...form.querySelectorAll(".phase-row")].map((row) => [...row.querySelectorAll("input")]);
  const read = () => rows().map((row) => row.map((input) => input.value));

  function write(phases) {
    const shown = rows();
    while (shown.length < phases.length + 1) {
      const last = form.querySelector(".phase-row:last-child");
      const more = last.cloneNode(true);
      for (const name of more.querySelectorAll(".unseen")) name.textContent = name.textContent.replace(/\d+/, String(shown.length + 1));
      last.after(more);
      shown.push([...more.querySelectorAll("input")]);
    }
    shown.forEach((row, at) => row.forEach((input, column) => { input.value = phases[at]?.[column] ?? ""; }));
  }

  form.addEventListener("change", (event) => {
    if (event.target.name !== "protocol_id") return;
    const chosen = event.target;
    typed.set(phasesOf.value, read());
    const phases = typed.get(chosen.value) ?? JSON.parse(chosen.dataset.phases ?? "[]");
    write(phases);
    phasesOf.value = chosen.value;
    if (chosen.value === "own") fold.open = true;
  });
}
