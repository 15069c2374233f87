// The seconds that are left to take a reply back stand on its button; when they are over the button goes.
(() => {
  const start = (form, seconds) => {
    if (form.dataset.counting) return;
    form.dataset.counting = "yes";
    const button = form.querySelector("button");
    const words = button.textContent.trim();
    const ends = Date.now() + seconds * 1000;
    const show = () => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (!form.isConnected) return clearInterval(tick);
      if (left <= 0) {
        clearInterval(tick);
        form.closest(".message--pending")?.classList.remove("message--pending");
        form.remove();
        return;
      }
      button.textContent = `${words} (${left})`;
    };
    // The number is for eyes; a screen reader hears the words once
    button.setAttribute("aria-label", words);
    const tick = setInterval(show, 500);
    show();
  };

  const all = (root) => {
    for (const form of root.querySelectorAll?.("form[data-undo]") ?? []) start(form, Number(form.dataset.undo));
    for (const form of root.querySelectorAll?.("[data-toast] form[action$='/withdrawal/']") ?? []) {
      start(form, Number(form.closest("[data-toast]").dataset.toast));
    }
  };
  all(document);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
})();
