// Ticking rows: how many are ticked, all on the page at once, and a span of them with shift. The bar itself shows by CSS.
(() => {
  const form = document.querySelector("[data-bulk-form]");
  const bar = form?.querySelector("[data-bulk]");
  if (!bar) return;
  const boxes = () => [...form.querySelectorAll(".queue__pick input[name]")];
  const all = form.querySelector("[data-bulk-all]");
  const words = document.querySelector("[data-desk]")?.dataset.selected ?? "{}";
  let last = null;

  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    bar.querySelector("[data-bulk-count]").textContent = ticked ? words.replace("{}", ticked) : "";
    const master = all.querySelector("input");
    master.checked = ticked > 0 && ticked === boxes().length;
    master.indeterminate = ticked > 0 && !master.checked;
  };

  all.hidden = false;
  all.nextElementSibling.hidden = true;
  all.addEventListener("change", (event) => {
    for (const box of boxes()) box.checked = event.target.checked;
    count();
  });

  form.addEventListener("click", (event) => {
    const box = event.target.closest(".queue__pick input[name]");
    if (!box) return;
    const row = boxes();
    if (event.shiftKey && last && row.includes(last)) {
      const [from, to] = [row.indexOf(last), row.indexOf(box)].sort((a, b) => a - b);
      for (const between of row.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    count();
  });

  form.addEventListener("reset", () => setTimeout(count));
  form.addEventListener("htmx:oobAfterSwap", count);
  // A page brought back by the browser may bring its ticks along
  window.addEventListener("pageshow", count);
})();
