// Prescribing: the rows of phases follow the chosen protocol, what was typed for one is back when it is chosen again, and
// what was sent while the sign-in had run out is back after signing in. Pages after the form forget it.
"use strict";

(() => {
  const DRAFT = "plan-draft";
  const KEPT_MINUTES = 30;
  const COLUMNS = ["sessions", "min_days", "ideal_days", "max_days"];
  const OF_THIS_PAGE = ["csrf_token", "form_key", "version"];
  const form = document.querySelector("[data-plan-form]");
  if (!form) { sessionStorage.removeItem(DRAFT); return; }

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

  const address = () => window.location.pathname + window.location.search;

  form.addEventListener("submit", () => {
    const fields = [...new FormData(form)].filter(([name]) => !OF_THIS_PAGE.includes(name));
    sessionStorage.setItem(DRAFT, JSON.stringify({ address: address(), at: Date.now(), fields }));
  });

  function restore(fields) {
    const given = (name) => fields.filter(([known]) => known === name).map(([, value]) => value);
    const columns = COLUMNS.map(given);
    write(columns[0].map((_, at) => columns.map((column) => column[at])));
    for (const field of form.elements) {
      if (!field.name || OF_THIS_PAGE.includes(field.name) || COLUMNS.includes(field.name)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = given(field.name).includes(field.value);
      else if (given(field.name).length) field.value = given(field.name)[0];
    }
    const note = document.getElementById("draft-note");
    note.hidden = false;
    window.announce?.(note.textContent.trim());
  }

  const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  sessionStorage.removeItem(DRAFT);
  const refused = document.querySelector('[role="alert"]');
  const fresh = draft && Date.now() - draft.at < KEPT_MINUTES * 60000;
  if (fresh && !refused && draft.address === address()) restore(draft.fields);
})();
