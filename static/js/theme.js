// Colours: as the device, light or dark. The choice is a cookie, so the server writes it into the page and nothing flashes.
(() => {
  const root = document.documentElement;

  const show = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === root.dataset.theme));
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    root.dataset.theme = button.dataset.themeChoice;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    show();
  });

  for (const menu of document.querySelectorAll("[data-theme-menu]")) menu.hidden = false;
  show();
})();
