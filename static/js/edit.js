// A line of a ticket's details, opened: the cursor stands in its field at once.
(() => {
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".edit[open]")) event.target.querySelector("select, input:not([type=hidden])")?.focus();
  }, true);
})();
