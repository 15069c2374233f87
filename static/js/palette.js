// ctrl k: one field for tickets, customers, views and pages. Arrows choose, enter opens; the answers come by htmx from
// the same address that is a plain page without script.
(() => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const options = (dialog) => [...dialog.querySelectorAll("[role=option]")];

  const choose = (dialog, option) => {
    for (const other of options(dialog)) other.setAttribute("aria-selected", String(other === option));
    dialog.querySelector("input").setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  };

  const show = async () => {
    let dialog = document.getElementById("palette");
    if (!dialog) {
      const answer = await fetch(desk.dataset.palette, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return location.assign(desk.dataset.palette);
      document.body.insertAdjacentHTML("beforeend", await answer.text());
      dialog = document.getElementById("palette");
      window.htmx.process(dialog);
      bind(dialog);
    }
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input").select();
    choose(dialog, options(dialog)[0]);
  };

  const bind = (dialog) => {
    dialog.addEventListener("keydown", (event) => {
      const all = options(dialog);
      const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && all.length) {
        event.preventDefault();
        choose(dialog, all[(at + step + all.length) % all.length]);
      } else if (event.key === "Enter" && all[at]) {
        event.preventDefault();
        location.assign(all[at].href);
      }
    });
    dialog.addEventListener("htmx:afterSwap", () => choose(dialog, options(dialog)[0]));
  };

  document.addEventListener("desk:palette", show);
})();
