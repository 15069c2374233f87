// data-dialog-open="<id>" opens a native dialog; without script the link behind it leads to a page. data-dialog-now opens at once.
(() => {
  const show = (dialog) => {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.querySelector("[data-autofocus], [autofocus]")?.focus();
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (!dialog) return;
      event.preventDefault();
      show(dialog);
      return;
    }
    const dialog = event.target.closest("dialog[data-dialog]");
    if (!dialog) return;
    const closer = event.target.closest("[data-dialog-close]");
    // A click on the backdrop lands on the dialog itself, outside its box
    const box = dialog.getBoundingClientRect();
    const outside = event.target === dialog && event.detail > 0 &&
      (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom);
    if (closer || outside) dialog.close();
  });

  const now = (root) => root.querySelectorAll?.("dialog[data-dialog-now]").forEach(show);
  now(document);
  document.addEventListener("htmx:load", (event) => now(event.detail.elt));

  // After a refused form the summary of errors is read first
  document.querySelector(".errors[data-autofocus]")?.focus();
})();
