// data-submit-once on a form: the second press does nothing, and the button shows that work goes on.
(() => {
  const free = (form) => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("[data-was-free]")) {
      button.removeAttribute("aria-disabled");
      delete button.dataset.wasFree;
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-submit-once]")) return;
    if (form.dataset.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // Others may still refuse it; only what is really sent counts
    setTimeout(() => {
      if (event.defaultPrevented && !form.matches(".htmx-request")) return;
      form.dataset.sending = "yes";
      event.submitter?.setAttribute("aria-busy", "true");
      for (const button of form.querySelectorAll("button:not([type=button]):not([aria-disabled])")) {
        button.dataset.wasFree = "yes";
        button.setAttribute("aria-disabled", "true");
      }
    });
  }, true);

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("[data-submit-once]");
    if (form) free(form);
  });
  // Back from the next page: the browser shows this one as it was left
  addEventListener("pageshow", () => document.querySelectorAll("[data-sending]").forEach(free));
})();
