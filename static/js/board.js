// The escalation board: asked for anew when the page's pulse tells that something happened, and once a minute so that the
// time left is true. The keys a c d s act on the escalation one stands on.
(() => {
  const board = document.querySelector("[data-board]");
  const desk = document.querySelector("[data-desk]");
  if (!board) return;
  let seen = desk?.dataset.since ?? "";
  let asked = Date.now();

  const refresh = async () => {
    asked = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { "HX-Request": "true" }, redirect: "error" });
      if (!answer.ok) return;
      const held = board.contains(document.activeElement) ? document.activeElement.id : "";
      board.innerHTML = await answer.text();
      if (held) document.getElementById(held)?.focus({ preventScroll: true });
    } catch { /* the next beat tries again */ }
  };

  document.addEventListener("desk:beat", (event) => {
    const since = String(event.detail);
    if (since === seen && Date.now() - asked < 60000) return;
    seen = since;
    refresh();
  });

  document.addEventListener("keydown", (event) => {
    if (desk?.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const one = document.activeElement?.closest?.("[data-escalation]");
    const target = one && /^[acds]$/.test(event.key) ? one.querySelector(`[data-do="${event.key}"]`) : null;
    if (!target) return;
    event.preventDefault();
    target.click();
  });
})();
