// data-submit-on-change="refresh" on a select presses its form's button of that value: fields that depend on it are drawn anew.
(() => {
  for (const button of document.querySelectorAll("[data-refresh]")) button.hidden = true;

  document.addEventListener("change", (event) => {
    const value = event.target.dataset?.submitOnChange;
    if (!value) return;
    const button = event.target.form.querySelector(`button[name="do"][value="${value}"]`);
    sessionStorage.setItem("focus-after", event.target.name);
    event.target.form.requestSubmit(button);
  });

  // The page comes back: stay on the field one was working with.
  const name = sessionStorage.getItem("focus-after");
  sessionStorage.removeItem("focus-after");
  if (name) document.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
})();
