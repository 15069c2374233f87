// data-autosize: a text box that grows with its text, for browsers without field-sizing.
(() => {
  if (CSS.supports("field-sizing", "content")) return;
  const fit = (box) => {
    box.style.blockSize = "auto";
    box.style.blockSize = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-autosize]")) fit(event.target);
  });
  const all = (root) => root.querySelectorAll?.("textarea[data-autosize]").forEach(fit);
  all(document);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
})();
