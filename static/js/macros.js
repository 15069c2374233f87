// Macros: chosen from the menu or typed as /name, they fill the text at the cursor and show as chips what else they set.
// They never send.
(() => {
  const form = document.querySelector("[data-composer]");
  const menu = form?.querySelector("[data-macros]");
  if (!menu) return;
  const text = form.querySelector("[data-composer-text]");
  const found = form.querySelector("[data-macro-found]");
  const chips = form.querySelector("[data-chips]");
  const links = [...menu.querySelectorAll("[data-macro]")];
  const TYPED = /(^|\s)\/([^\s/][^\n/]{0,40})?$/;
  let at = 0;

  const fill = async (link, from = text.selectionStart, to = text.selectionEnd) => {
    const answer = await fetch(link.dataset.macro);
    if (!answer.ok) return;
    const macro = await answer.json();
    text.setRangeText(macro.body, from, to, "end");
    form.elements.macro.value = macro.id;
    for (const radio of form.elements.kind) radio.checked = radio.value === "reply";
    const first = document.getElementById("chip-template").content.firstElementChild.cloneNode(true);
    first.querySelector("[data-name]").textContent = macro.name.split("::").at(-1);
    chips.replaceChildren(first, ...macro.changes.map((words) => Object.assign(document.createElement("span"), { className: "tag", textContent: words })));
    if (macro.next_state) form.dispatchEvent(new CustomEvent("send-as", { detail: macro.next_state }));
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  };

  menu.addEventListener("click", (event) => {
    const link = event.target.closest("[data-macro]");
    if (!link) return;
    event.preventDefault();
    link.closest("[data-menu]").open = false;
    fill(link);
  });
  chips.addEventListener("click", (event) => {
    if (!event.target.closest("[data-macro-drop]")) return;
    form.elements.macro.value = "";
    chips.replaceChildren();
    text.focus();
  });

  const typed = () => TYPED.exec(text.value.slice(0, text.selectionStart));
  const close = () => { found.hidden = true; text.removeAttribute("aria-activedescendant"); };
  const choose = (place) => {
    const match = typed();
    const link = links[Number(found.children[place].dataset.link)];
    close();
    if (match && link) fill(link, text.selectionStart - match[0].length + match[1].length, text.selectionStart);
  };
  const mark = (place) => {
    at = place;
    [...found.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    text.setAttribute("aria-activedescendant", `macro-${at}`);
    found.children[at]?.scrollIntoView({ block: "nearest" });
  };

  text.addEventListener("input", () => {
    const match = typed();
    if (!match) return close();
    const words = (match[2] ?? "").toLowerCase();
    const hits = links.filter((link) => link.dataset.macroName.toLowerCase().includes(words)).slice(0, 8);
    if (!hits.length) return close();
    found.replaceChildren(...hits.map((link, index) => Object.assign(document.createElement("li"), { id: `macro-${index}`, role: "option", textContent: link.dataset.macroName.replaceAll("::", " › ") })));
    hits.forEach((link, index) => { found.children[index].dataset.link = links.indexOf(link); });
    found.hidden = false;
    mark(0);
  });
  text.addEventListener("keydown", (event) => {
    if (found.hidden || event.ctrlKey || event.metaKey) return;
    const count = found.children.length;
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") mark((at + 1) % count);
    else if (event.key === "ArrowUp") mark((at - 1 + count) % count);
    else if (event.key === "Enter" || event.key === "Tab") choose(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  found.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) choose([...found.children].indexOf(item));
  });
})();
