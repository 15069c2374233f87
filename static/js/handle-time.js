// Handle time counts only while somebody works: the page is in front, and was touched within the last minute.
(() => {
  const form = document.querySelector("[data-composer]");
  if (!form) return;
  const STILL_WORKING = 60000;
  let touched = Date.now();

  for (const kind of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  form.addEventListener("presence", (event) => {
    event.detail.working = !document.hidden && Date.now() - touched < STILL_WORKING;
  });
})();
