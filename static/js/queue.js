// Filter chips apply when their menu closes (or a tag is taken away), and the row one came from is found again.
(() => {
  const form = document.querySelector("[data-chips]");
  if (form) {
    let isChanged = false;
    form.addEventListener("change", (event) => {
      isChanged = true;
      if (!event.target.closest("details")) form.requestSubmit();
    });
    form.addEventListener("toggle", (event) => {
      if (isChanged && !event.target.open) form.requestSubmit();
    }, true);
  }

  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const key = "queue-row";
  queue.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-ticket]");
    if (row && event.target.closest("a")) sessionStorage.setItem(key, row.dataset.ticket);
  });
  const last = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  const row = last && queue.querySelector(`tr[data-ticket="${CSS.escape(last)}"]`);
  if (row && document.referrer.includes("/tickets/")) row.classList.add("is-current");
})();
