// Beside the answers on a wide screen, the document at its passage.

const WIDE = 1200;
let turn = 0;

/** @param {Element} hit the answer to show; on a narrow screen it is opened instead */
export async function preview(hit) {
  const link = hit.querySelector("[data-open]");
  const columns = document.querySelector(".columns");
  if (innerWidth < WIDE || !columns) {
    location.href = link.href;
    return;
  }
  const mine = ++turn;
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok || mine !== turn) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const head = page.querySelector("main h1");
  const body = page.querySelector("main .text, main .sheets, main .imaging .viewer");
  if (!body) return;
  for (const image of body.querySelectorAll("[data-viewer]")) image.removeAttribute("data-viewer");
  for (const named of body.querySelectorAll("[id]")) named.removeAttribute("id");
  let pane = document.querySelector(".preview-pane");
  if (!pane) {
    pane = document.createElement("aside");
    pane.className = "preview-pane";
    columns.append(pane);
    columns.classList.add("preview");
  }
  const title = document.createElement("h2");
  const open = document.createElement("a");
  open.href = link.href;
  open.textContent = head?.textContent ?? link.textContent;
  title.append(open);
  pane.setAttribute("aria-label", open.textContent);
  pane.replaceChildren(title, document.adoptNode(body));
  pane.scrollTop = 0;
  const mark = pane.querySelector("mark");
  if (mark) pane.scrollTop = mark.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
}

/** Closes the pane; says whether there was one. */
export function shut() {
  const pane = document.querySelector(".preview-pane");
  if (!pane) return false;
  pane.remove();
  document.querySelector(".columns")?.classList.remove("preview");
  return true;
}
