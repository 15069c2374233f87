// Every 15 s an open ticket says that it is there; the answer shows who else is, and tells when somebody wrote.
(() => {
  const form = document.querySelector("[data-composer]");
  if (!form) return;
  const place = form.querySelector("[data-here]");
  const text = form.querySelector("[data-composer-text]");
  const conversation = () => document.querySelector("[data-conversation]");
  const EVERY = 15000;
  let written = 0;

  text.addEventListener("input", () => { written = Date.now(); });

  const fields = (more) => {
    const data = new FormData();
    data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const [name, value] of Object.entries(more)) if (value) data.set(name, "1");
    return data;
  };

  const report = async () => {
    if (document.hidden || !navigator.onLine) return;
    const more = { writing: Date.now() - written < 2 * EVERY && text.value.trim() };
    // handle-time.js says whether somebody works here
    form.dispatchEvent(new CustomEvent("presence", { detail: more }));
    try {
      const answer = await fetch(form.dataset.presenceUrl, { method: "POST", body: fields(more) });
      if (!answer.ok) return;
      const here = (await answer.text()).trim();
      if (place.innerHTML.trim() !== here) place.innerHTML = here;
      heed(answer.headers.get("X-Last-Message"));
    } catch { /* the next report comes soon */ }
  };

  const heed = (newest) => {
    if (!newest || newest === conversation().dataset.newest) return;
    document.body.dispatchEvent(new CustomEvent("ticket-changed"));
    if (newest !== form.elements.seen.value && text.value.trim()) form.querySelector("[data-somebody-wrote]").hidden = false;
    else form.elements.seen.value = newest;
  };

  setInterval(report, EVERY);
  document.addEventListener("visibilitychange", report);
  report();
  addEventListener("pagehide", () => navigator.sendBeacon(form.dataset.presenceUrl, fields({ leaving: true })));
})();
