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
    const form = this.dialog()?.open && this.body().querySelector("form[method=post]");
    if (!form || !this.address) return;
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !["csrf_token", "form_key"].includes(name));
    sessionStorage.setItem("draft", JSON.stringify({ page: window.location.pathname, address: this.address, fields }));
  },

  async bringDraftBack() {
    const draft = JSON.parse(sessionStorage.getItem("draft") ?? "null");
    if (!draft || draft.page !== window.location.pathname) return;
    sessionStorage.removeItem("draft");
    await this.open(draft.address);
    const form = this.body().querySelector("form[method=post]");
    for (const [name, value] of form ? draft.fields : []) {
      const known = form.elements.namedItem(name);
      if (known && known.type !== "hidden" && known.type !== "checkbox" && "value" in known) known.value = value;
    }
  },

  // The focus goes to where one goes on; Escape or closing gives it back to where it was.
  show(html) {
    const body = this.body();
    body.innerHTML = html;
    window.htmx?.process(body);
    if (!this.dialog().open) this.dialog().showModal();
    this.dialog().scrollTop = 0;
    (body.querySelector("[autofocus]") ?? body.querySelector("h1"))?.focus();
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

  // Say a sentence: above what was entered where the panel is open, else in a corner for a while.
  tell(sentence, mood = "bad") {
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
      setTimeout(() => line.remove(), 9000);
    }
  },

  async send(form, button) {
    const entered = new FormData(form, button);
    const buttons = form.querySelectorAll("button");
    for (const each of buttons) each.disabled = true;
    const response = await this.ask(button?.getAttribute("formaction") ?? form.action, { method: "POST", body: entered });
    for (const each of buttons) each.disabled = false;
    if (!response) return;
    if (response.headers.get("Content-Type")?.startsWith("application/json")) {
      const done = await response.json();
      this.dialog().close();
      document.dispatchEvent(new CustomEvent("appointment:changed", { detail: done }));
    } else {
      this.show(await response.text());
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
  if (closes && panel.dialog()?.contains(closes) || event.target === panel.dialog()) {
    event.preventDefault();
    panel.dialog().close();
  }
});

// The first one found is taken by Enter.
document.addEventListener("submit", (event) => {
  const wanted = event.target.dataset.choose;
  if (!wanted) return;
  const first = document.querySelector(wanted);
  if (first || panel.dialog()?.contains(event.target)) event.preventDefault();
  first?.click();
});

// A free time that is chosen fills in day, time and practitioner; who changes those by hand has chosen none.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-booking]");
  if (!form) return;
  if (event.target.name === "slot") {
    const { on, at, with: treats, location } = event.target.dataset;
    for (const [name, value] of Object.entries({ on, at, practitioner_id: treats, location_id: location })) form.elements.namedItem(name).value = value;
    return;
  }
  if (["on", "at", "practitioner_id"].includes(event.target.name)) {
    for (const slot of form.querySelectorAll("[name=slot]:checked")) slot.checked = false;
  }
  if (event.target.name === "appointment_type_id") {
    const session = form.elements.namedItem("planned_session_id");
    if (session) session.checked = session.dataset.kind === event.target.value;
  }
});
// The first of the times that were asked for is taken at once.
document.addEventListener("htmx:after:swap", tookFirst);
document.addEventListener("htmx:afterSwap", tookFirst);
function tookFirst() {
  const free = document.getElementById("free");
  const first = free?.querySelector("[name=slot]");
  if (first && !free.querySelector("[name=slot]:checked")) { first.checked = true; first.dispatchEvent(new Event("change", { bubbles: true })); }
}
window.addEventListener("load", () => { if (panel.dialog()) panel.bringDraftBack(); });

document.addEventListener("submit", (event) => {
  if (!panel.dialog()?.contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  panel.send(event.target, event.submitter);
});
