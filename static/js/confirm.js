// data-confirm="Question?" on a form or its button asks once, in our own dialog, before it is sent. Also answers hx-confirm.
(() => {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  const agreed = new WeakSet();

  const ask = (question, go) => {
    dialog.querySelector("p").textContent = question;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") go(); }, { once: true });
    dialog.showModal();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question) return;
    if (agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(question, () => {
      agreed.add(form);
      form.requestSubmit(event.submitter);
    });
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, () => event.detail.issueRequest(true));
  });
})();
