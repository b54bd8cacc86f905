// Booking in the panel: the patient is the first one found, a free time that is chosen fills in the rest.
"use strict";

// The first one found is taken by Enter, once what was typed is what was looked for: fast fingers wait for nothing.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-choose]")) return;
  if (panel.dialog()?.contains(event.target) || chosenBy(event.target)) event.preventDefault();
  if (panel.dialog()?.contains(event.target)) take(event.target);
  else chosenBy(event.target)?.click();
});
function chosenBy(search) {
  return document.querySelector(search.dataset.choose);
}
function take(search) {
  const typed = search.querySelector("[type=search]").value.trim();
  search.dataset.waits = "yes";
  if (search.querySelector("[data-found-for]")?.dataset.foundFor !== typed) return;
  delete search.dataset.waits;
  const first = chosenBy(search);
  if (first) first.click(); else newPatient(search);
}
function tookPatient() {
  const search = panel.dialog()?.querySelector("form[data-waits]");
  if (search) take(search);
}

// Nobody is found: what was typed begins the form for a new patient ("Ann Neu", "Neu, Ann").
function newPatient(search) {
  const typed = search.elements.namedItem("patient_q")?.value.trim();
  const place = panel.body()?.querySelector("details.new-patient");
  if (!place || !typed) return;
  place.open = true;
  const words = typed.includes(",") ? typed.split(",").reverse() : [typed.split(" ").slice(0, -1).join(" "), typed.split(" ").at(-1)];
  const fields = ["given_name", "family_name", "phone"].map((name) => place.querySelector(`[name=${name}]`));
  if (/^[+\d]/.test(typed)) fields[2].value = typed;
  else words.forEach((word, number) => { fields[number].value = word.trim(); });
  (fields.find((field) => !field.value) ?? place.querySelector("button")).focus();
}

// A free time that is chosen fills in day, time and practitioner; who changes those by hand has chosen none.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-booking]");
  if (!form) return;
  if (event.target.name === "slot") {
    const { on, at, with: treats, location, where } = event.target.dataset;
    document.getElementById("where").textContent = where;
    for (const [name, value] of Object.entries({ on, at, practitioner_id: treats, location_id: location })) form.elements.namedItem(name).value = value;
    panel.tellFree();
    return;
  }
  if (["on", "at", "practitioner_id"].includes(event.target.name)) {
    for (const slot of form.querySelectorAll("[name=slot]:checked")) slot.checked = false;
    panel.tellFree();
  }
  if (event.target.name === "appointment_type_id") {
    const session = form.elements.namedItem("planned_session_id");
    if (session) session.checked = session.dataset.kind === event.target.value;
  }
});
// The first of the times that were asked for is taken at once.
for (const swapped of ["htmx:after:swap", "htmx:afterSwap"]) {
  document.addEventListener(swapped, tookFirst);
  document.addEventListener(swapped, tookPatient);
}
document.addEventListener("input", (event) => { delete event.target.form?.dataset.waits; });
function tookFirst() {
  const free = document.getElementById("free");
  const first = free?.querySelector("input[name=slot]"); // where one is chosen, not taken by a press
  if (first && !free.querySelector("[name=slot]:checked")) { first.checked = true; first.dispatchEvent(new Event("change", { bubbles: true })); }
  else if (free) panel.tellFree();
  if (document.activeElement?.matches("[data-goes-on]")) free?.querySelector("[name=slot]:checked")?.focus();
}
