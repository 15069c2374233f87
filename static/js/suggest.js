// data-suggest: what htmx asks for while somebody types. Only the beginning is sent; it says what it is about.
(() => {
  const MOST = 1500;
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("[data-suggest]")) return;
    const { parameters } = event.detail;
    for (const name of Object.keys(parameters)) {
      if (!["subject", "body", "category", "csrfmiddlewaretoken"].includes(name)) delete parameters[name];
      else parameters[name] = String(parameters[name]).slice(0, MOST);
    }
  });
  // Help that does not come must not disturb who is writing
  for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(kind, (event) => {
      if (event.target.matches("[data-suggest]")) event.stopImmediatePropagation();
    }, true);
  }
})();
