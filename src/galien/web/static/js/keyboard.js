// The keys of the page: / field, q question about a record, j k answers, Enter open, Space preview, Escape back, g p|d|i|a kinds, ? help.

import { preview, shut } from "./preview.js";

let after = "";
let timer = 0;

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inside = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (inside) {
      if (event.key === "Escape") inside.blur();
      return;
    }
    if (after === "g" && "pdia".includes(event.key)) {
      go(event, event.key);
    } else if (event.key === "/") {
      event.preventDefault();
      const field = document.querySelector('input[type="search"]');
      field?.focus();
      field?.select();
    } else if (event.key === "q" && document.getElementById("question")) {
      event.preventDefault();
      document.getElementById("question").select();
    } else if (event.key === "j" || event.key === "k") {
      move(event, event.key === "j" ? 1 : -1);
    } else if (event.key === " " && current() && !event.target.closest?.("a, button, summary, [data-viewer]")) {
      event.preventDefault();
      preview(current());
    } else if (event.key === " " && event.target.closest?.("[data-open]")) {
      event.preventDefault();
      preview(current());
    } else if (event.key === "Escape") {
      if (!shut() && history.length > 1 && !document.body.classList.contains("results")) history.back();
    } else if (event.key === "?") {
      location.href = "/help";
    }
    clearTimeout(timer);
    after = event.key;
    timer = setTimeout(() => (after = ""), 900);
  });
}

function current() {
  return document.activeElement?.closest?.("[data-hit]") ?? null;
}

function move(event, step) {
  const hits = [...document.querySelectorAll("[data-hit]")];
  if (!hits.length) return;
  event.preventDefault();
  const at = hits.indexOf(current());
  const next = hits[at < 0 ? (step > 0 ? 0 : hits.length - 1) : Math.min(Math.max(at + step, 0), hits.length - 1)];
  next.querySelector("[data-open]").focus();
  next.scrollIntoView({ block: "nearest" });
  if (document.querySelector(".preview-pane")) preview(next);
}

function go(event, letter) {
  const tab = document.querySelector(`.tabs a[data-kind="${letter}"]`);
  if (!tab) return;
  event.preventDefault();
  tab.click();
}
