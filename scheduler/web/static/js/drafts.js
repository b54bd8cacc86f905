// What was typed into a form that could not be sent (the sign-in ran out, the network was cut, the page was reloaded) is
// kept in this tab, for this person and this page, until that page is shown again or another one was reached instead. Who
// signs out (a form marked data-forgets) leaves nothing in the tab.
"use strict";

const drafts = {
  name: "draft",
  keptMinutes: 30,
  ofThisPage: ["csrf_token", "form_key"],
  page: window.location.pathname + window.location.search,
  person: document.body.dataset.person,

  // Forms with something to type, and those that carry what was typed into another one (data-draft names its action);
  // passwords are never kept, menus close with what was chosen in them.
  isKept(form) {
    return form?.method === "post" && !form.closest("details.menu, dialog") && !form.querySelector("[type=password]")
      && (form.dataset.draft !== undefined || form.querySelector("input:not([type=hidden]), select, textarea") !== null);
  },

  fieldsOf(form) {
    return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !this.ofThisPage.includes(name));
  },

  keep(form, more = {}) {
    const draft = { page: this.page, person: this.person, at: Date.now(), action: form.dataset.draft ?? form.getAttribute("action"), fields: this.fieldsOf(form), ...more };
    sessionStorage.setItem(this.name, JSON.stringify(draft));
  },

  // The draft of this page and person; whatever else was kept is forgotten.
  take() {
    const draft = JSON.parse(sessionStorage.getItem(this.name) ?? "null");
    sessionStorage.removeItem(this.name);
    const fresh = draft && Date.now() - draft.at < this.keptMinutes * 60_000;
    return fresh && draft.page === this.page && draft.person === this.person ? draft : null;
  },

  // Put back what was typed; whether the form shows anything else than it did. The version that was seen comes back, too:
  // what somebody else changed meanwhile is then told and not overwritten.
  restore(form, fields) {
    const shown = (list) => JSON.stringify(list.filter(([name]) => name !== "version"));
    if (shown(this.fieldsOf(form)) === shown(fields)) return false;
    form.dispatchEvent(new CustomEvent("draft:coming", { detail: fields }));
    const left = fields.map(([name, value]) => ({ name, value }));
    for (const field of form.elements) {
      if (!field.name || this.ofThisPage.includes(field.name) || field.type === "file") continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = left.some(({ name, value }) => name === field.name && value === field.value);
      else if ("value" in field && field.tagName !== "BUTTON") {
        const at = left.findIndex(({ name }) => name === field.name);
        if (at >= 0) field.value = left.splice(at, 1)[0].value;
      }
    }
    for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    form.dispatchEvent(new CustomEvent("draft:back"));
    return true;
  },

  bringBack(draft) {
    const form = [...document.querySelectorAll("main form")].find((known) => this.isKept(known) && known.getAttribute("action") === draft.action);
    if (!form || !this.restore(form, draft.fields)) return;
    this.touched = form;
    const sentence = document.body.dataset.back;
    form.before(Object.assign(document.createElement("p"), { className: "notice good draft-note", textContent: sentence }));
    window.announce(sentence);
  },
};
window.drafts = drafts;

document.addEventListener("submit", (event) => { if (!event.defaultPrevented && drafts.isKept(event.target)) drafts.keep(event.target); });
document.addEventListener("input", (event) => { if (drafts.isKept(event.target.form)) drafts.touched = event.target.form; });
document.addEventListener("submit", ({ target }) => { if (target.dataset.forgets !== undefined) { sessionStorage.clear(); drafts.touched = null; } });
window.addEventListener("pagehide", () => { if (drafts.touched?.isConnected) drafts.keep(drafts.touched); });

// A page that shows the form as it was sent (with what is wrong) needs no draft, nor does one that says what was done; one
// that only says that it failed leaves it for when one goes back.
window.addEventListener("load", () => {
  if (document.querySelector("main > .page-problem")) return;
  const draft = drafts.take();
  if (!draft || document.querySelector("main [role=alert], #notices .good")) return;
  if (draft.address) window.panel?.bringBack(draft);
  else drafts.bringBack(draft);
});
