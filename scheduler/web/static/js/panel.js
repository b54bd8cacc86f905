// The panel: pages of one appointment, opened over the screen one is on. Links marked data-panel open in it.
"use strict";

const panel = {
  touched: new Set(),
  typed: false,
  leaving: false,

  dialog: () => document.getElementById("panel"),
  body: () => document.getElementById("panel-body"),

  async open(address) {
    const response = await this.ask(address);
    if (response) { this.address = address; this.show(await response.text()); }
  },

  // What is to be kept of it: the forms that were typed into; where a sign-in ran out, the first one at least.
  draft() {
    if (!this.typed && !this.leaving) return null;
    const forms = this.forms();
    const kept = forms.filter((form) => this.touched.has(form));
    const first = kept.at(-1) ?? (this.leaving ? forms.find((form) => !form.hidden) : null);
    const address = first?.dataset.address ?? this.address;
    return first && address ? { address, forms: (kept.length ? kept : [first]).map((form) => window.drafts.written(form, forms)) } : null;
  },

  forms() { return [...this.body().querySelectorAll("form[method=post]")]; },

  async bringBack(draft) {
    await this.open(draft.address);
    const back = this.putBack(draft.forms);
    if (!back.length) return;
    this.typed = true;
    this.tell(document.body.dataset.back, "good");
    (back.at(-1).querySelector(".book") ?? back.at(-1).querySelector("button"))?.focus();
  },

  // Write what was typed into the forms that stand there now; those that were found and show anything else than before.
  putBack(typed) {
    const forms = this.forms();
    const back = typed.map((draft) => [window.drafts.formOf(draft, forms), draft.fields])
      .filter(([form, fields]) => form && window.drafts.restore(form, fields)).map(([form]) => form);
    for (const form of back) this.touched.add(form);
    return back;
  },

  // Closed with something typed, by Escape perhaps and by mistake: for a while one press brings it back.
  offerBack(draft) {
    if (!draft) return;
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
    this.touched.clear();
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
      if (elsewhere) { this.leaving = this.dialog().open; window.drafts.keep(); window.location.assign(elsewhere); }
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
    const forms = this.forms();
    const others = forms.filter((one) => one !== form && this.touched.has(one)).map((one) => window.drafts.written(one, forms));
    const sent = window.drafts.written(form, forms);
    const entered = new FormData(form, button);
    this.touched.add(form);
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
      const refused = response.ok ? undefined : window.drafts.formOf(sent, this.forms());
      if (refused) this.touched.add(refused); // what was refused stands there, and could be lost
      this.typed = this.putBack(others).length > 0 || refused !== undefined;
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
  if (slot?.matches("button")) slot.click();
  else if (slot) { slot.checked = true; slot.dispatchEvent(new Event("change", { bubbles: true })); panel.body().querySelector(".book")?.focus(); }
  else if (!panel.typed) panel.dialog().close();
}
document.addEventListener("input", ({ target }) => { if (panel.dialog()?.contains(target)) { panel.typed = true; panel.touched.add(target.form); } });
document.addEventListener("close", (event) => {
  if (event.target !== panel.dialog()) return;
  document.dispatchEvent(new CustomEvent("free:found", { detail: [] }));
  panel.offerBack(panel.draft());
  panel.typed = false;
  panel.touched.clear();
}, true);

// Who unfolds what can be done goes on with its first field.
document.addEventListener("toggle", ({ target }) => {
  const isAsked = target.open && panel.dialog()?.contains(target) && target.matches(".act") && document.activeElement === target.querySelector("summary");
  if (isAsked) target.querySelector("input:not([type=hidden]), select")?.focus();
}, true);

document.addEventListener("submit", (event) => {
  if (!panel.dialog()?.contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  panel.send(event.target, event.submitter);
});
