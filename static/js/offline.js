// The banner while the line is down, and a word when a request of htmx did not get through.
(() => {
  const banner = document.querySelector("[data-offline]");
  if (!banner) return;
  const show = () => { banner.hidden = navigator.onLine; };
  addEventListener("online", show);
  addEventListener("offline", show);
  show();

  const failed = (event) => {
    // Polls are silent: they try again by themselves
    if (event.detail.elt?.matches?.("[data-poll]")) return;
    document.body.dispatchEvent(new CustomEvent("toast", { detail: { text: banner.dataset.offlineFailed, tone: "bad" } }));
  };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) failed(event);
  });
})();
