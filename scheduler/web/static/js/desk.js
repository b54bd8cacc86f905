// What every screen needs: menus that close, and notices that are read out.
"use strict";

// A menu closes when one clicks elsewhere or presses Escape, which also returns to its button.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form marked data-confirm asks before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Enter in a search marked data-opens leads to the only one found, once what was typed is what was looked for.
document.addEventListener("submit", (event) => {
  const found = event.target.dataset.opens && document.querySelector(`${event.target.dataset.opens} [data-found-for]`);
  const links = found?.dataset.foundFor && found.dataset.foundFor === event.target.elements.q.value.trim() ? found.querySelectorAll(".row-link") : [];
  if (links.length !== 1) return;
  event.preventDefault();
  links[0].click();
});

// A button marked data-print prints; without scripts there is none.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A button marked data-copy copies the text of the element it names, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  announce(button.dataset.copied);
  button.textContent = button.dataset.copied;
});

// Say a sentence to screen readers; while a dialog is open, they hear only what is said in it.
function announce(sentence) {
  (document.querySelector("dialog[open] [data-live]") ?? document.getElementById("live")).textContent = sentence;
}
window.announce = announce;

// Of what is found only what is marked data-say is told, not the whole list; each only once.
function sayFound() {
  const said = [...document.querySelectorAll("[data-say]")].find((one) => one.dataset.say !== "told");
  if (!said) return;
  said.dataset.say = "told";
  announce(said.textContent.trim());
}
window.sayFound = sayFound;
for (const swapped of ["htmx:after:swap", "htmx:afterSwap"]) document.addEventListener(swapped, sayFound);

// An element marked data-until="epoch seconds" counts down to it; when the time is over the page is asked for anew.
// Where the computer's clock runs ahead it was over from the start: then nothing is asked for again and again.
const counters = [...document.querySelectorAll("[data-until]")].filter((one) => one.dataset.until > Date.now() / 1000);
function countDown() {
  for (const counter of counters) {
    const left = Math.ceil(counter.dataset.until - Date.now() / 1000);
    counter.textContent = `${Math.floor(Math.max(left, 0) / 60)}:${String(Math.max(left, 0) % 60).padStart(2, "0")}`;
    if (left < 0) { clearInterval(counting); window.location.replace(window.location.pathname + window.location.search); return; }
  }
}
const counting = counters.length ? setInterval(countDown, 1000) : 0;
if (counters.length) countDown();
