// Menus are <details data-menu>: they open by themselves. This closes them as people expect and lets arrows move inside.
(() => {
  const open = () => [...document.querySelectorAll("[data-menu][open]")];

  document.addEventListener("click", (event) => {
    for (const menu of open()) {
      const inside = menu.contains(event.target);
      const chosen = inside && event.target.closest(".menu__panel :is(a, button[type=button])");
      if (!inside || chosen) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("[data-menu][open]") ?? open().at(-1);
    if (!menu) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || /^(TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const items = [...menu.querySelectorAll(".menu__panel :is(a, button, input):not([type=hidden])")].filter((item) => item.offsetParent);
    if (!items.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length].focus();
  });

  // Leaving by Tab closes it too
  document.addEventListener("focusin", (event) => {
    // A press on a label first gives the focus to what surrounds the menu (main): that is no leaving
    for (const menu of open()) if (!menu.contains(event.target) && !event.target.contains(menu)) menu.open = false;
  });
})();
