// data-auto-send on a form: sends itself once the page stands; without script its button does.
(() => {
  const form = document.querySelector("form[data-auto-send]");
  if (!form) return;
  const send = () => { if (!form.dataset.sending) form.requestSubmit(); };
  if (document.readyState === "complete") send();
  else addEventListener("load", send, { once: true });
})();
