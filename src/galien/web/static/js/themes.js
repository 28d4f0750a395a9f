// Light, dark or as the system says, without loading the page again.

export function themes() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-set-theme]");
    if (!link) return;
    event.preventDefault();
    document.documentElement.dataset.theme = link.dataset.setTheme;
    for (const other of document.querySelectorAll("[data-set-theme]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    fetch(link.href).catch(() => {}); // the server keeps the choice in a cookie
  });
}
