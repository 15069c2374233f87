// What is being written is kept: at once in this browser, within a second on the server. A crash or a lost line loses
// nothing; the browser's copy comes back if it is newer than what the server knew.
(() => {
  const form = document.querySelector("[data-composer]");
  if (!form) return;
  const text = form.querySelector("[data-composer-text]");
  const state = form.querySelector("[data-draft-state]");
  const key = form.dataset.draftKey;
  let timer = 0;
  let sent = text.value;
  let leaving = false;

  const remember = (saved) => {
    try {
      if (text.value.trim()) localStorage.setItem(key, JSON.stringify({ body: text.value, kind: form.elements.kind.value, saved }));
      else localStorage.removeItem(key);
    } catch { /* private windows may refuse; the server still keeps it */ }
  };
  const fields = () => {
    const data = new FormData();
    for (const name of ["csrfmiddlewaretoken", "body", "kind"]) data.set(name, form.elements[name].value);
    return data;
  };

  const save = async () => {
    if (text.value === sent || leaving) return;
    const body = text.value;
    try {
      const answer = await fetch(form.dataset.draftUrl, { method: "POST", body: fields(), headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || leaving) return;
      sent = body;
      remember(true);
      state.textContent = (await answer.json()).said;
    } catch { /* offline: the copy in this browser stays until the line is back */ }
  };
  const soon = () => {
    remember(false);
    clearTimeout(timer);
    timer = setTimeout(save, 800);
  };
  text.addEventListener("input", soon);
  form.addEventListener("change", (event) => { if (event.target.name === "kind" && text.value.trim()) { sent = null; soon(); } });
  addEventListener("online", save);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !leaving && text.value !== sent) navigator.sendBeacon(form.dataset.draftUrl, fields());
  });

  form.addEventListener("submit", (event) => {
    setTimeout(() => {
      if (event.defaultPrevented) return;
      leaving = true;
      clearTimeout(timer);
      // Marked as sent: should the line fail, coming back still shows it
      if (!event.submitter?.formAction.endsWith("/draft/")) sessionStorage.setItem(key, text.value);
    });
  });

  // Arrived after a send, or after a crash
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    const wasSent = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    if (kept && kept.body === wasSent && !text.value) localStorage.removeItem(key);
    else if (kept && !kept.saved && kept.body !== text.value && !form.querySelector("[role=alert]:not([hidden])")) {
      text.value = kept.body;
      for (const radio of form.elements.kind) radio.checked = radio.value === kept.kind;
      form.dispatchEvent(new Event("change"));
      soon();
    }
  } catch { /* nothing kept */ }
})();
