// Keeps an open page true: every 5 s (30 s in a tab nobody sees) asks what changed of the tickets on it, fetches just those
// rows anew, shows who is where, and now and then brings the counts up to date. Says little, and politely.
(() => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const queue = document.querySelector("[data-queue]");
  const eye = document.querySelector("template[data-eye]");
  const voice = document.querySelector("[data-announce]");
  let since = desk.dataset.since;
  let beats = since ? 1 : 0;
  let failures = 0;

  const rows = () => (queue ? [...queue.querySelectorAll("tr[data-ticket]")] : []);
  const say = (words, count) => { voice.textContent = words.replace("{}", count); };

  const fetchRows = (numbers) => {
    const ticked = new Set(rows().filter((row) => row.querySelector(":checked")).map((row) => row.dataset.ticket));
    const focused = document.activeElement.closest?.("tr[data-ticket]")?.dataset.ticket;
    const current = queue.querySelector("tr.is-current")?.dataset.ticket;
    return window.htmx.ajax("GET", `${queue.dataset.rowsUrl}?tickets=${numbers.join(",")}`, { target: queue, swap: "none" }).then(() => {
      for (const number of numbers) {
        const row = queue.querySelector(`tr[data-ticket="${number}"]`);
        if (!row) continue;
        row.classList.add("is-changed");
        setTimeout(() => row.classList.remove("is-changed"), 4000);
        row.querySelector(".queue__pick input").checked = ticked.has(String(number));
        row.classList.toggle("is-current", current === String(number));
        if (focused === String(number)) row.querySelector("a.queue__subject").focus({ preventScroll: true });
      }
    });
  };

  const showHere = (here) => {
    if (!eye) return;
    for (const row of rows()) {
      const words = here[row.dataset.ticket] ?? "";
      const shown = row.querySelector(".queue__here");
      if ((shown?.title ?? "") === words) continue;
      shown?.remove();
      if (!words) continue;
      const sign = eye.content.firstElementChild.cloneNode(true);
      sign.title = sign.querySelector(".sr").textContent = words;
      row.querySelector(".queue__state").append(sign);
    }
  };

  const fill = (element, selector, className, text) => {
    let place = element.querySelector(selector);
    if (!place && text) element.append(" ", place = Object.assign(document.createElement("span"), { className }));
    if (place && !text) place.remove();
    else if (place && place.textContent !== text) place.textContent = text;
  };

  const showCounts = (answer) => {
    for (const view of answer.views) {
      const link = document.querySelector(`#rail-views a[href$="?view=${CSS.escape(view.slug)}"]`);
      if (!link) continue;
      fill(link, ".rail__count", "rail__count", view.count);
      link.classList.toggle("rail__link--hot", view.is_hot);
    }
    const bell = document.getElementById("bell");
    if (bell) fill(bell, ".bell__count", "bell__count", answer.unread ? `${answer.unread}` : "");
    if (bell) bell.firstElementChild.textContent = bell.firstElementChild.textContent.split(":")[0] + (answer.unread ? `: ${answer.unread} ${desk.dataset.unread}` : "");
    const load = document.querySelector(".availability summary");
    if (load) fill(load, ".availability__load", "availability__load", ` · ${answer.load}`);
    const count = document.querySelector("[data-queue-count]");
    if (!count || count.textContent === answer.count) return;
    count.textContent = answer.count;
    say(desk.dataset.more, answer.count);
  };

  const beat = async () => {
    const query = new URLSearchParams(queue ? location.search : "");
    query.set("since", since);
    query.set("tickets", rows().map((row) => row.dataset.ticket).join(","));
    if (beats % 6 === 0) query.set("counts", "1");
    beats += 1;
    try {
      const response = await fetch(`${desk.dataset.pulse}?${query}`, { headers: { Accept: "application/json" }, redirect: "error" });
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      since = answer.since;
      document.dispatchEvent(new CustomEvent("desk:beat", { detail: since }));
      failures = 0;
      if (answer.changed.length && queue) await fetchRows(answer.changed).then(() => say(desk.dataset.changed, answer.changed.length));
      showHere(answer.here);
      if (answer.views) showCounts(answer);
    } catch {
      failures += 1;
    }
    setTimeout(beat, (document.hidden ? 30000 : 5000) * Math.min(2 ** failures, 12));
  };

  setTimeout(beat, since ? 1500 : 300);
})();
