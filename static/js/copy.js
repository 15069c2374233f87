// Copies the text that stands beside a button; without a clipboard the button stays away.
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    const label = button.firstChild;
    const words = label.textContent;
    button.addEventListener("click", async () => {
      const from = button.parentElement.querySelector("code, input");
      await navigator.clipboard.writeText(from.value ?? from.textContent);
      label.textContent = button.dataset.copy;
      setTimeout(() => { label.textContent = words; }, 2000);
    });
  }
  // An address with a name opens what it names.
  const open = () => {
    const there = location.hash && document.getElementById(location.hash.slice(1));
    if (there && there.matches("details")) there.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
