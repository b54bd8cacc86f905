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

// A button marked data-copy copies the text of the element it names, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  announce(button.dataset.copied);
  button.textContent = button.dataset.copied;
});

// Say a sentence to screen readers.
function announce(sentence) {
  document.getElementById("live").textContent = sentence;
}
window.announce = announce;

// What was typed into a form that could not be sent (the sign-in ran out, the network was cut) is kept in this tab, for
// this person, until the same page is shown again or another page was reached instead.
const drafts = {
  name: "draft",
  ofThisPage: ["csrf_token", "form_key"],
  person: document.body.dataset.person,

  keep(form, more = {}) {
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !this.ofThisPage.includes(name));
    const draft = { page: window.location.pathname, person: this.person, action: form.getAttribute("action"), fields, ...more };
    sessionStorage.setItem(this.name, JSON.stringify(draft));
  },

  // The draft of this page and person; whatever else was kept is forgotten.
  take() {
    const draft = JSON.parse(sessionStorage.getItem(this.name) ?? "null");
    sessionStorage.removeItem(this.name);
    return draft?.page === window.location.pathname && draft.person === this.person ? draft : null;
  },

  // Put back what was typed; whether the form shows anything else than it did.
  restore(form, fields) {
    const before = JSON.stringify([...new FormData(form)]);
    const left = fields.map(([name, value]) => ({ name, value }));
    for (const field of form.elements) {
      if (!field.name || this.ofThisPage.includes(field.name)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = left.some(({ name, value }) => name === field.name && value === field.value);
      else if ("value" in field && field.tagName !== "BUTTON") {
        const at = left.findIndex(({ name }) => name === field.name);
        if (at >= 0) field.value = left.splice(at, 1)[0].value;
      }
    }
    return JSON.stringify([...new FormData(form)]) !== before;
  },
};
window.drafts = drafts;
document.addEventListener("submit", (event) => { if (event.target.matches("form[data-draft]")) drafts.keep(event.target); });
window.addEventListener("load", () => {
  if (document.getElementById("panel")) return;
  const draft = drafts.take();
  const form = draft && !document.querySelector("main [role=alert]") && document.querySelector("form[data-draft]");
  if (!form || !drafts.restore(form, draft.fields)) return;
  const note = Object.assign(document.createElement("p"), { className: "notice good", textContent: form.dataset.draft });
  form.before(note);
  announce(form.dataset.draft);
});

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
