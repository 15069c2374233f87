// The composer: ctrl enter sends what the visible button says, the placeholder follows the kind, chosen files are named,
// and Resolved opens the two lines that explain it before it is sent empty.
(() => {
  const form = document.querySelector("[data-composer]");
  if (!form) return;
  const text = form.querySelector("[data-composer-text]");
  const isNote = () => form.elements.kind.value === "note";

  const follow = () => { text.placeholder = isNote() ? text.dataset.note : text.dataset.reply; };
  // A click, not a change: the key r comes to the kind that is chosen already, and one wants to write all the same
  form.addEventListener("click", (event) => {
    if (event.target.name === "kind") { follow(); text.focus(); }
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-files]")) nameFiles(event.target.files);
  });
  follow();

  const nameFiles = (files) => {
    form.querySelector("[data-file-names]").replaceChildren(...[...files].map((file) => {
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = file.name;
      return tag;
    }));
  };

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit(form.querySelector(isNote() ? "[data-add-note]" : "[data-send]"));
  });

  // Another state becomes the one the button sends as; the one it was goes into the menu
  form.addEventListener("send-as", (event) => {
    const send = form.querySelector("[data-send]");
    const other = form.querySelector(`[data-send-as="${CSS.escape(event.detail)}"]`);
    if (!other) return;
    const words = other.querySelector("span");
    [send.value, other.value] = [other.value, send.value];
    [send.textContent, words.textContent] = [words.textContent, send.textContent];
    other.dataset.sendAs = other.value;
  });

  // Asked once: whoever sends again without writing it is answered by the desk's own conditions.
  let asked = false;
  form.addEventListener("submit", (event) => {
    const note = form.querySelector("[data-resolution]");
    const resolves = event.submitter?.value === "resolved";
    if (!note || !resolves || asked || form.elements.cause.value.trim() || form.elements.fix.value.trim()) return;
    asked = true;
    event.preventDefault();
    form.dispatchEvent(new CustomEvent("send-as", { detail: "resolved" }));
    form.querySelector(".btn-split [data-menu]").open = false;
    note.open = true;
    form.elements.cause.focus();
  });

  // Somebody wrote meanwhile: having gone to read it, the writer has seen it
  form.querySelector("[data-read-it]").addEventListener("click", () => {
    const conversation = document.querySelector("[data-conversation]");
    form.elements.seen.value = conversation.dataset.newest;
    form.querySelector("[data-somebody-wrote]").hidden = true;
    [...conversation.querySelectorAll("[data-message]")].at(-1)?.scrollIntoView({ block: "center" });
    text.focus({ preventScroll: true });
  });

  if (form.querySelector(".composer__problem[role=alert]:not([hidden])")) text.focus();
})();
