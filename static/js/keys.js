// Single keys, as agents' hands know them. A key presses (or focuses) what carries data-key or aria-keyshortcuts of that
// name; j, k and x walk the list; g q and g d go places. Off while typing, and when the person switched them off.
(() => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const isOn = desk.dataset.keys === "on";
  const typing = (element) => element?.matches?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
  const visible = (element) => element.offsetParent !== null && !element.disabled;
  let leader = 0;

  const links = () => [...document.querySelectorAll("[data-queue] tr a.queue__subject, [data-messages] > [data-message], [data-board] .esc__subject")].filter(visible);
  const current = () => {
    const all = links();
    return all.findIndex((link) => link === document.activeElement || link.closest("tr")?.classList.contains("is-current"));
  };

  const walk = (step) => {
    const all = links();
    if (!all.length) return;
    const from = current();
    const link = all[from < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(from + step, 0), all.length - 1)];
    if (!link.matches("a")) link.tabIndex = -1;
    mark(link);
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  };

  const mark = (link) => {
    document.querySelectorAll("[data-queue] tr.is-current").forEach((row) => row.classList.remove("is-current"));
    link.closest("[data-queue] tr")?.classList.add("is-current");
  };

  const box = () => links()[current()]?.closest("tr")?.querySelector(".queue__pick input");

  const press = (key) => {
    const name = CSS.escape(key);
    const target = [...document.querySelectorAll(`[data-key="${name}"], [aria-keyshortcuts="${name}"]`)].find((element) => visible(element) || element.closest("[data-bulk]"));
    if (!target) return false;
    // Acting on many without anything ticked means the row one stands on
    if (target.closest("[data-bulk]") && !document.querySelector(".queue__pick input[name]:checked")) box()?.click();
    if (!visible(target)) return false;
    if (target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) target.focus();
    else target.click();
    if (target.matches("summary")) target.parentElement.querySelector(".menu__panel :is(button, a, input)")?.focus();
    return true;
  };

  const plain = {
    j: () => walk(1),
    k: () => walk(-1),
    x: () => box()?.click(),
    g: () => { leader = Date.now(); },
    "/": () => { const search = document.querySelector("[data-search]"); search?.focus(); search?.select(); },
    "?": () => document.dispatchEvent(new CustomEvent("desk:help")),
    enter: () => { const row = document.querySelector("[data-queue] tr.is-current a.queue__subject"); row?.click(); return Boolean(row); },
  };

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "enter") {
      const form = event.target.form;
      if (!form || !event.target.matches("textarea")) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-send]") ?? undefined);
      return;
    }
    if ((event.ctrlKey || event.metaKey) && key === "k") {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("desk:palette"));
      return;
    }
    if (key === "escape" && typing(event.target) && !document.querySelector("dialog[open]")) return event.target.blur();
    if (!isOn || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]") || event.target.closest?.("[data-menu][open]")) return;
    if (key === "enter" && event.target !== document.body) return;
    const place = Date.now() - leader < 1500 && desk.dataset[`go${key.toUpperCase()}`];
    leader = 0;
    if (place) location.assign(place);
    else if (key in plain ? plain[key]() === false : !press(key)) return;
    event.preventDefault();
  });

  document.addEventListener("focusin", (event) => { if (event.target.matches("a.queue__subject")) mark(event.target); });
})();
