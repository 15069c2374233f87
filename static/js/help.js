// `?` shows every shortcut: the same list that /desk/keys/ has as a page, in a dialog. Links to it open the dialog too.
(() => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;

  const show = async () => {
    let dialog = document.getElementById("help");
    if (!dialog) {
      const answer = await fetch(desk.dataset.help, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return location.assign(desk.dataset.help);
      document.body.insertAdjacentHTML("beforeend", await answer.text());
      dialog = document.getElementById("help");
    }
    if (!dialog.open) dialog.showModal();
  };

  document.addEventListener("desk:help", show);
  document.addEventListener("click", (event) => {
    const link = event.target.closest(`a[href="${desk.dataset.help}"]`);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show();
  });
})();
