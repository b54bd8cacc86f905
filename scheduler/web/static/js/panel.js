// The panel: pages of one appointment, opened over the screen one is on. Links marked data-panel open in it.
"use strict";

const panel = {
  dialog: () => document.getElementById("panel"),
  body: () => document.getElementById("panel-body"),

  async open(address) {
    const response = await this.ask(address);
    if (response) this.show(await response.text());
  },

  show(html) {
    const body = this.body();
    body.innerHTML = html;
    window.htmx?.process(body);
    if (!this.dialog().open) this.dialog().showModal();
    const first = body.querySelector("[autofocus], [role=alert] ~ * input:not([type=hidden])");
    first?.focus();
  },

  // Ask the server; where it is not reached, say so and keep what was entered.
  async ask(address, options = {}) {
    try {
      const headers = { "HX-Request": "true", Accept: "text/html", ...options.headers };
      const response = await fetch(address, { ...options, headers });
      const elsewhere = response.headers.get("HX-Redirect");
      if (elsewhere) window.location.assign(elsewhere);
      return elsewhere ? null : response;
    } catch {
      this.tell(document.getElementById("calendar").dataset.unreachable);
      return null;
    }
  },

  tell(sentence) {
    window.announce(sentence);
    let line = this.body().querySelector(".unreached");
    if (!line) {
      line = document.createElement("p");
      line.className = "notice bad unreached";
      this.body().prepend(line);
    }
    line.textContent = sentence;
  },

  async send(form, button) {
    const entered = new FormData(form, button);
    const response = await this.ask(form.action, { method: "POST", body: entered });
    if (!response) return;
    if (response.headers.get("Content-Type").startsWith("application/json")) {
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
  if (event.target.closest("[data-close]") || event.target === panel.dialog()) panel.dialog().close();
});

document.addEventListener("submit", (event) => {
  if (!panel.dialog()?.contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  panel.send(event.target, event.submitter);
});
