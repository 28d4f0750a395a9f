// From one passage to the next in a document: n, p, or the arrows beside the count.

export function marks() {
  const finder = document.querySelector(".finder[data-marks]:not([data-ready])");
  if (!finder) return;
  finder.dataset.ready = "";
  const found = [...document.querySelectorAll(".prose mark")];
  if (!found.length) return;
  let at = Math.max(0, found.findIndex((mark) => `#${mark.id}` === location.hash));
  const show = (next) => {
    found[at].classList.remove("now");
    at = (next + found.length) % found.length;
    found[at].classList.add("now");
    found[at].scrollIntoView({ block: "center" });
    const place = finder.querySelector("[data-at]");
    if (place) place.textContent = `${at + 1} / ${found.length}`;
  };
  if (location.hash.startsWith("#m")) show(at);
  for (const button of finder.querySelectorAll("[data-mark]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      show(at + Number(button.dataset.mark));
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") show(at + 1);
    if (event.key === "p") show(at - 1);
  });
}
