// What was typed into forms that could not be sent (the sign-in ran out, the network was cut, the page was reloaded) is
// kept in this tab, for this person and this page, until that page is shown again or another one was reached instead:
// every form that was typed into. Who signs out (a form marked data-forgets) leaves nothing in the tab.
"use strict";

const drafts = {
  name: "draft",
  keptMinutes: 30,
  ofThisPage: ["csrf_token", "form_key"],
  page: window.location.pathname + window.location.search,
  person: document.body.dataset.person,
  touched: new Set(),
  sent: null,

  // Forms with something to type, and those that carry what was typed into another one (data-draft names its action);
  // passwords are never kept, menus close with what was chosen in them.
  isKept(form) {
    return form?.method === "post" && !form.closest("details.menu, dialog") && !form.querySelector("[type=password]")
      && (form.dataset.draft !== undefined || form.querySelector("input:not([type=hidden]), select, textarea") !== null);
  },

  fieldsOf(form) {
    return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !this.ofThisPage.includes(name));
  },

  // A form is known again by where it leads to, and by its place among those that lead there.
  actionOf: (form) => form.dataset.draft ?? form.getAttribute("action"),
  alike: (forms, action) => forms.filter((form) => drafts.actionOf(form) === action),
  written(form, forms) {
    const action = this.actionOf(form);
    return { action, place: this.alike(forms, action).indexOf(form), fields: this.fieldsOf(form) };
  },
  formOf({ action, place }, forms) {
    const alike = this.alike(forms, action);
    return alike[place] ?? alike[0];
  },
  forms() {
    return [...document.querySelectorAll("main form")].filter((form) => this.isKept(form));
  },

  // Keep all that was typed, in the page and in the panel over it.
  keep() {
    const forms = this.forms();
    const typed = forms.filter((form) => this.touched.has(form)).map((form) => ({ ...this.written(form, forms), sent: form === this.sent }));
    const panel = window.panel?.draft() ?? null;
    if (!typed.length && !panel) return;
    sessionStorage.setItem(this.name, JSON.stringify({ page: this.page, person: this.person, at: Date.now(), forms: typed, panel }));
  },

  // What was kept of this page and person, or of the page whose form this one answers; whatever else was kept is forgotten.
  take() {
    const draft = JSON.parse(sessionStorage.getItem(this.name) ?? "null");
    sessionStorage.removeItem(this.name);
    const fresh = draft && Date.now() - draft.at < this.keptMinutes * 60_000 && draft.person === this.person;
    if (!fresh) return null;
    if (draft.page === this.page) return draft;
    const left = draft.forms.filter((form) => !form.sent);
    const answers = draft.forms.some((form) => form.sent && new URL(form.action ?? draft.page, window.location).pathname === window.location.pathname);
    return answers ? { ...draft, forms: left, panel: null } : null;
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

  bringBack(typed) {
    const forms = this.forms();
    const back = typed.map((draft) => [this.formOf(draft, forms), draft.fields]).filter(([form, fields]) => form && this.restore(form, fields));
    const sentence = document.body.dataset.back;
    for (const [form] of back) {
      this.touched.add(form);
      form.before(Object.assign(document.createElement("p"), { className: "notice good draft-note", textContent: sentence }));
    }
    if (back.length) window.announce(sentence);
  },
};
window.drafts = drafts;

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !drafts.isKept(event.target)) return;
  drafts.touched.add(event.target);
  drafts.sent = event.target;
  drafts.keep();
});
document.addEventListener("input", ({ target }) => { if (drafts.isKept(target.form)) drafts.touched.add(target.form); });
document.addEventListener("submit", ({ target }) => { if (target.dataset.forgets !== undefined) { sessionStorage.clear(); drafts.touched.clear(); } });
window.addEventListener("pagehide", () => drafts.keep());

// A page that shows a form as it was sent (with what is wrong) needs no draft of it, nor does one that says what was done;
// one that only says that it failed leaves all for when one goes back.
window.addEventListener("load", () => {
  if (document.querySelector("main > .page-problem")) return;
  const draft = drafts.take();
  if (!draft) return;
  const told = document.querySelector("main [role=alert], #notices .good") !== null;
  drafts.bringBack(draft.forms.filter((form) => !(told && form.sent)));
  if (draft.panel && !told) window.panel?.bringBack(draft.panel);
});
