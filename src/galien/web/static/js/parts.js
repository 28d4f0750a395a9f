// Links and forms marked data-part replace the page in place, and the address; the scroll stays where it was.

let turn = 0;

/** @param {() => void} ready called after each replacement */
export function parts(ready) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-part]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    load(link.href, true, ready);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-part]");
    if (!form) return;
    event.preventDefault();
    const address = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) address.searchParams.append(name, value);
    load(address.href, true, ready);
  });
  addEventListener("popstate", () => {
    if (document.body.classList.contains("results")) load(location.href, false, ready);
  });
}

async function load(address, push, ready) {
  const mine = ++turn;
  const main = document.querySelector("main");
  // A skeleton would flicker: the old answers only fade, and only if the new ones are late.
  const late = setTimeout(() => main.classList.add("busy"), 150);
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== turn) return;
    const fresh = page.querySelector("main");
    const field = page.querySelector("header .field");
    if (!fresh) throw new Error("no page");
    main.replaceWith(document.adoptNode(fresh));
    const old = document.querySelector("header .field");
    if (field && old) old.replaceWith(document.adoptNode(field));
    document.title = page.title;
    document.body.className = page.body.className;
    if (push) history.pushState(null, "", address);
    const live = document.getElementById("live");
    const count = fresh.querySelector("#count strong");
    if (live && count) live.textContent = count.textContent;
    if (push && fresh.getBoundingClientRect().top < 0 && new URL(address).searchParams.has("cursor")) scrollTo(0, 0);
    ready();
  } catch {
    location.href = address;
  } finally {
    clearTimeout(late);
    document.querySelector("main")?.classList.remove("busy");
  }
}
