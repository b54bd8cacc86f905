// The panel: pages of one appointment, opened over the screen one is on. Links marked data-panel open in it.
"use strict";

const panel = {
  dialog: () => document.getElementById("panel"),
  body: () => document.getElementById("panel-body"),

  async open(address) {
    const response = await this.ask(address);
    if (response) this.show(await response.text());
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
      if (elsewhere) window.location.assign(elsewhere);
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

document.addEventListener("submit", (event) => {
  if (!panel.dialog().contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  panel.send(event.target, event.submitter);
});
