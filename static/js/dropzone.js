// data-dropzone round a file field: names what was chosen or dropped. Dropping itself is the browser's own.
(() => {
  const size = (bytes) => bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;

  const list = (zone, files) => {
    const place = zone.querySelector("[data-dropzone-files]");
    place.replaceChildren(...[...files].map((file) => {
      const tag = document.createElement("span");
      tag.className = "tag tag--acc";
      tag.textContent = `${file.name} · ${size(file.size)}`;
      return tag;
    }));
    zone.querySelector(".dropzone__text").hidden = files.length > 0;
  };

  const start = (zone) => {
    if (zone.dataset.ready) return;
    const input = zone.querySelector("input[type=file]");
    if (!input) return;
    zone.dataset.ready = "yes";
    zone.classList.add("dropzone--ready");
    input.addEventListener("change", () => list(zone, input.files));
    input.form?.addEventListener("reset", () => list(zone, []));
    for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, () => zone.classList.add("dropzone--over"));
    for (const kind of ["dragleave", "drop", "dragend"]) zone.addEventListener(kind, () => zone.classList.remove("dropzone--over"));
    if (input.files.length) list(zone, input.files);
  };

  const all = (root) => root.querySelectorAll?.("[data-dropzone]").forEach(start);
  all(document);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
})();
