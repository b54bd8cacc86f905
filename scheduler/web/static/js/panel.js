// The panel: pages of one appointment, opened over the screen one is on. Links marked data-panel open in it.
"use strict";

const panel = {
  dialog: () => document.getElementById("panel"),
  body: () => document.getElementById("panel-body"),

  async open(address) {
    const response = await this.ask(address);
    if (response) { this.address = address; this.show(await response.text()); }
  },

  // A sign-in that ran out takes nothing with it: what was typed is kept in this tab and put back after signing in.
  keepDraft() {
    const form = this.dialog()?.open ? this.typedIn() : null;
    const address = form?.dataset.address ?? this.address;
    if (form && address) window.drafts.keep(form, { address });
  },

  // The form that was typed into or sent last, else the first.
  typedIn() {
    const forms = [...this.body().querySelectorAll("form[method=post]:not([hidden])")];
    return forms.includes(this.form) ? this.form : forms[0];
  },

  formOf(action) {
    return [...this.body().querySelectorAll("form[method=post]")].find((known) => known.getAttribute("action") === action);
  },

  async bringBack(draft) {
    await this.open(draft.address);
    const form = this.formOf(draft.action);
    if (!form || !window.drafts.restore(form, draft.fields)) return;
    [this.typed, this.form] = [true, form];
    this.tell(document.body.dataset.back, "good");
    (form.querySelector(".book") ?? form.querySelector("button"))?.focus();
  },

  // Closed with something typed, by Escape perhaps and by mistake: for a while one press brings it back.
  offerBack() {
    const address = this.form?.dataset.address ?? this.address;
    if (!this.typed || !address || this.form?.method !== "post" || !this.body().contains(this.form)) return;
    const draft = { address, action: this.form.getAttribute("action"), fields: window.drafts.fieldsOf(this.form) };
    this.typed = false;
    const { closed, reopen } = this.dialog().dataset;
    const line = this.tell(closed, "good", 60_000);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: reopen });
    button.addEventListener("click", () => { line.remove(); this.bringBack(draft); });
    line.append(button);
  },

  // The focus goes to where one goes on; Escape or closing gives it back to where it was.
  show(html) {
    const body = this.body();
    body.innerHTML = html;
    this.typed = false;
    window.htmx?.process(body);
    if (!this.dialog().open) this.dialog().showModal();
    this.dialog().scrollTop = 0;
    (body.querySelector("[autofocus]") ?? body.querySelector("h1"))?.focus();
    this.tellFree();
    window.sayFound();
  },

  // The free times found, for whoever draws them elsewhere, too (the calendar).
  tellFree() {
    const slots = [...this.body().querySelectorAll("[name=slot]")].map((slot) => ({ id: slot.value, ...slot.dataset, chosen: slot.checked }));
    document.dispatchEvent(new CustomEvent("free:found", { detail: slots }));
  },

  // Ask the server; null where it is not reached or leads elsewhere.
  async ask(address, options = {}) {
    try {
      const headers = { "HX-Request": "true", Accept: "text/html", ...options.headers };
      const response = await fetch(address, { ...options, headers });
      const elsewhere = response.headers.get("HX-Redirect");
      if (elsewhere) { this.keepDraft(); window.location.assign(elsewhere); }
      return elsewhere ? null : response;
    } catch {
      this.tell(this.dialog().dataset.unreachable);
      return null;
    }
  },

  // Say a sentence: above what was entered where the panel is open, else in a corner for a while, in milliseconds.
  tell(sentence, mood = "bad", lasts = 9_000) {
    window.announce(sentence);
    document.querySelector(".toast, .unreached")?.remove();
    const line = document.createElement("p");
    line.className = `notice ${mood}`;
    line.textContent = sentence;
    if (this.dialog().open) {
      line.classList.add("unreached");
      line.setAttribute("role", "alert");
      this.body().prepend(line);
    } else {
      line.classList.add("toast");
      document.body.append(line);
      setTimeout(() => line.remove(), lasts);
    }
    return line;
  },

  async send(form, button) {
    this.form = form;
    const entered = new FormData(form, button);
    const buttons = form.querySelectorAll("button");
    for (const each of buttons) each.disabled = true;
    const response = await this.ask(button?.getAttribute("formaction") ?? form.action, { method: "POST", body: entered });
    for (const each of buttons) each.disabled = false;
    if (!response) { button?.focus(); return; }
    if (response.headers.get("Content-Type")?.startsWith("application/json")) {
      const done = await response.json();
      this.typed = false;
      this.dialog().close();
      document.dispatchEvent(new CustomEvent("appointment:changed", { detail: done }));
    } else {
      this.show(await response.text());
      this.form = this.formOf(form.getAttribute("action"));
      this.typed = !response.ok && this.form !== undefined; // what was refused stands there, and could be lost
    }
  },
};
window.panel = panel;

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-panel]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    panel.open(link.href);
  }
  const closes = event.target.closest("[data-close]");
  if (closes && panel.dialog()?.contains(closes)) {
    event.preventDefault();
    panel.dialog().close();
  }
  if (event.target === panel.dialog()) besides(event);
});

// A click beside the panel takes the free time drawn there; elsewhere it closes the panel, unless something was typed.
function besides({ clientX, clientY }) {
  const id = window.diary?.freeAt(clientX, clientY);
  const slot = id && panel.body().querySelector(`[name=slot][value="${CSS.escape(id)}"]`);
  if (slot) { slot.checked = true; slot.dispatchEvent(new Event("change", { bubbles: true })); panel.body().querySelector(".book")?.focus(); }
  else if (!panel.typed) panel.dialog().close();
}
document.addEventListener("input", ({ target }) => { if (panel.dialog()?.contains(target)) [panel.typed, panel.form] = [true, target.form]; });
window.addEventListener("pagehide", () => { if (panel.typed) panel.keepDraft(); });
document.addEventListener("close", (event) => {
  if (event.target !== panel.dialog()) return;
  document.dispatchEvent(new CustomEvent("free:found", { detail: [] }));
  panel.offerBack();
}, true);

document.addEventListener("submit", (event) => {
  if (!panel.dialog()?.contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  panel.send(event.target, event.submitter);
});
