// Prescribing: the rows of phases follow the chosen protocol, and what was typed for one is back when it is chosen again.
"use strict";

(() => {
  const form = document.querySelector("[data-plan-form]");
  if (!form) return;

  const phasesOf = form.elements.namedItem("phases_of");
  const fold = form.querySelector(".phases");
  const typed = new Map();

  const rows = () => [...form.querySelectorAll(".phase-row")].map((row) => [...row.querySelectorAll("input")]);
  const read = () => rows().map((row) => row.map((input) => input.value));

  function write(phases) {
    const shown = rows();
    while (shown.length < phases.length + 1) {
      const last = [...form.querySelectorAll(".phase-row")].pop();
      const more = last.cloneNode(true);
      const number = String(shown.length + 1);
      for (const name of more.querySelectorAll(".unseen")) name.textContent = name.textContent.replace(/\d+/, number);
      last.after(more);
      shown.push([...more.querySelectorAll("input")]);
    }
    shown.forEach((row, at) => row.forEach((input, column) => { input.value = phases[at]?.[column] ?? ""; }));
  }

  form.addEventListener("change", (event) => {
    if (event.target.name !== "protocol_id") return;
    const chosen = event.target;
    typed.set(phasesOf.value, read());
    write(typed.get(chosen.value) ?? JSON.parse(chosen.dataset.phases ?? "[]"));
    phasesOf.value = chosen.value;
    if (chosen.value === "own") fold.open = true;
  });

  // Rows that were added are there again before what was typed into them comes back.
  form.addEventListener("draft:coming", ({ detail: fields }) => write(fields.filter(([name]) => name === "sessions").map(([, value]) => [value])));
  form.addEventListener("draft:back", () => { if (phasesOf.value === "own") fold.open = true; });
})();
