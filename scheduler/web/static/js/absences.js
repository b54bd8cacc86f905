// The repair page: other slots for a line, selecting lines, and applying them one by one with visible progress.
"use strict";

const repair = document.getElementById("repair");

const lines = () => [...repair.querySelectorAll(".line:not(.done)")];
const deedOf = (line) => repair.elements[`do-${line.dataset.line}`].value;
const isSelected = (line) => ["move", "release"].includes(deedOf(line));

// What is sent for one line: its own fields beside those of the whole form.
function fieldsOf(line) {
  const fields = new URLSearchParams();
  for (const name of ["csrf_token", "gap", "others"]) fields.set(name, repair.elements[name].value);
  const number = line.dataset.line;
  fields.set(`version-${number}`, line.querySelector(`[name="version-${number}"]`).value);
  fields.set(`slot-${number}`, line.querySelector(`[type="hidden"][name="slot-${number}"]`).value);
  fields.set(`do-${number}`, deedOf(line));
  return fields;
}

function count() {
  const selected = lines().filter(isSelected).length;
  repair.querySelector("[data-count]").textContent = `(${selected})`;
  repair.querySelector("[data-apply]").disabled = selected === 0;
}

// Post fields and answer the part of the page that comes back; whoever is signed out meanwhile is led to signing in.
async function ask(address, body) {
  const headers = { "HX-Request": "true", Accept: "text/html" };
  const response = await fetch(address, { method: "POST", headers, body });
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) window.location.assign(elsewhere);
  return response.text();
}

// Send one line; its result is written below it. Answers moved, released, taken or refused.
async function apply(line) {
  const result = line.querySelector("[data-result]");
  try {
    result.innerHTML = await ask(repair.action, fieldsOf(line));
  } catch {
    result.textContent = repair.dataset.unreachable;
    return "refused";
  }
  const state = result.querySelector("[data-state]")?.dataset.state ?? "refused";
  line.classList.toggle("done", state === "moved" || state === "released");
  return state;
}

async function applyAll() {
  const bar = repair.querySelector("progress");
  const told = document.getElementById("progress");
  const button = repair.querySelector("[data-apply]");
  let waiting = lines().filter(isSelected);
  const all = waiting.length;
  let good = 0;
  button.disabled = true;
  bar.hidden = false;
  bar.max = all;
  // A slot may be one that a later line leaves: what was taken is tried again after the others.
  for (let before = all + 1; waiting.length && waiting.length < before; ) {
    before = waiting.length;
    const taken = [];
    for (const line of waiting) {
      const state = await apply(line);
      if (state === "moved" || state === "released") good += 1;
      if (state === "taken") taken.push(line);
      bar.value = good;
      told.textContent = told_of(repair.dataset.progress, { done: good, all });
    }
    waiting = taken;
  }
  told.textContent = told_of(repair.dataset.finished, { good, bad: all - good });
  bar.hidden = true;
  count();
}

function told_of(sentence, values) {
  return sentence.replace(/{(\w+)}/g, (_whole, name) => values[name]);
}

// Show other slots below a line; what the other lines are to have is sent along, so that nothing is shown twice.
async function showSlots(link) {
  const line = link.closest(".line");
  const choices = line.querySelector("[data-choices]");
  const fields = new URLSearchParams(new FormData(repair));
  fields.delete("gap");
  fields.delete("others");
  for (const [name, value] of new URL(link.href).searchParams) fields.set(name, value);
  try {
    choices.innerHTML = await ask(link.pathname, fields);
    rename(choices);
    (choices.querySelector("input") ?? choices.querySelector("a"))?.focus();
  } catch {
    choices.textContent = repair.dataset.unreachable;
  }
}

// The line's hidden field stays the one that counts; the shown choices are sent by no form.
function rename(choices) {
  for (const radio of choices.querySelectorAll("input[type=radio]")) {
    radio.name = `shown-${radio.name}`;
  }
}

// A slot was chosen: the line says so, the small calendar shows it, and the line is to be moved.
function choose(radio) {
  const line = radio.closest(".line");
  const number = line.dataset.line;
  const label = radio.closest("label");
  line.querySelector(`[type="hidden"][name="slot-${number}"]`).value = radio.value;
  line.querySelector("[data-will]").innerHTML = label.querySelector("[data-words]").innerHTML;
  const notes = line.querySelector("[data-compromises]");
  const said = label.querySelector("[data-notes]")?.textContent ?? "";
  notes.replaceChildren(...said.split(", ").filter(Boolean).map((words) => item(words)));
  const move = line.querySelector(`[name="do-${number}"][value="move"]`);
  move.disabled = false;
  move.checked = true;
  mark(line, number, radio.dataset.day);
  count();
}

function item(words) {
  const entry = document.createElement("li");
  entry.className = "compromise";
  entry.textContent = words;
  return entry;
}

function mark(line, number, day) {
  const calendar = line.closest(".patient-body").querySelector(".weeks");
  let shown = calendar.querySelector(`[data-mark="new-${number}"]`);
  if (!shown) {
    shown = document.createElement("span");
    shown.className = "new";
    shown.dataset.mark = `new-${number}`;
    shown.textContent = calendar.querySelector(`[data-mark="old-${number}"]`)?.textContent ?? "•";
  }
  calendar.querySelector(`[data-day="${day}"]`)?.append(shown);
}

if (repair?.querySelector("[data-apply]")) {
  for (const button of repair.querySelectorAll(".scripted")) button.hidden = false;
  repair.addEventListener("submit", (event) => {
    event.preventDefault();
    applyAll();
  });
  repair.addEventListener("change", (event) => {
    if (event.target.name.startsWith("shown-slot-")) choose(event.target);
    count();
  });
  repair.addEventListener("click", (event) => {
    const link = event.target.closest("[data-slots]");
    const select = event.target.closest("[data-select]");
    if (link) {
      event.preventDefault();
      showSlots(link);
    }
    if (select) {
      for (const line of lines()) {
        const radio = line.querySelector(`[value="${select.dataset.select}"]:not(:disabled)`);
        if (radio) radio.checked = true;
      }
      count();
    }
  });
  count();
}
