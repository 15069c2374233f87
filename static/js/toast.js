// Toasts go away by themselves after data-toast="<seconds>", but wait while someone points at or tabs into them.
// HX-Trigger: {"toast": {"text": "Sent", "tone": ""}} makes one from the template in base.html.
(() => {
  const place = document.querySelector("[data-toasts]");
  const template = document.getElementById("toast-template");
  if (!place || !template) return;

  const start = (toast) => {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    let left = Number(toast.dataset.toast) || 0;
    if (!left) return;
    const tick = setInterval(() => {
      if (!toast.isConnected) return clearInterval(tick);
      if (toast.matches(":hover, :focus-within") || document.hidden) return;
      left -= 1;
      if (left <= 0) toast.remove();
    }, 1000);
  };

  document.addEventListener("click", (event) => {
    event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
  });

  document.body.addEventListener("toast", (event) => {
    const { text, tone } = event.detail;
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector(".toast__text").textContent = text;
    if (tone) toast.classList.add(`toast--${tone}`);
    if (tone === "bad") toast.dataset.toast = "";
    place.append(toast);
  });

  new MutationObserver(() => place.querySelectorAll("[data-toast]").forEach(start)).observe(place, { childList: true, subtree: true });
  place.querySelectorAll("[data-toast]").forEach(start);
})();
