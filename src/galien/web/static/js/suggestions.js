// Suggestions under the field (ARIA combobox pattern). They never steal Enter: it always searches what is written.

const DELAY = 60;
let number = 0;

export function suggestions() {
  for (const form of document.querySelectorAll("form[data-suggest]:not([data-ready])")) attach(form);
}

function attach(form) {
  form.dataset.ready = "";
  const input = form.querySelector('input[type="search"]');
  const box = document.createElement("ul");
  box.className = "listbox";
  box.id = `suggestions-${++number}`;
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", input.dataset.label);
  box.hidden = true;
  form.append(box);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", box.id], ["aria-expanded", "false"]]) {
    input.setAttribute(name, value);
  }
  let written = input.value;
  let chosen = -1;
  let timer = 0;
  let turn = 0;

  const close = () => {
    box.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (at) => {
    const options = [...box.children];
    chosen = at;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    input.value = at < 0 ? written : complete(written, options[at].dataset.text);
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", options[at].id);
  };

  input.addEventListener("input", () => {
    written = input.value;
    clearTimeout(timer);
    const prefix = last(written);
    if (prefix.length < 2) return close();
    timer = setTimeout(async () => {
      const mine = ++turn;
      const answer = await fetch(`/api/v1/suggest?limit=8&prefix=${encodeURIComponent(prefix)}`).catch(() => null);
      if (!answer?.ok || mine !== turn) return;
      const { suggestions: found } = await answer.json();
      if (mine !== turn || document.activeElement !== input) return;
      box.replaceChildren(...found.map((item, i) => option(item, i, box.id)));
      chosen = -1;
      box.hidden = !found.length;
      input.setAttribute("aria-expanded", String(found.length > 0));
    }, DELAY);
  });
  input.addEventListener("keydown", (event) => {
    const count = box.hidden ? 0 : box.children.length;
    if (event.key === "Escape" && count) {
      event.stopPropagation();
      choose(-1);
      close();
    } else if (count && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(((chosen + 1 + step + count + 1) % (count + 1)) - 1);
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 120));
  box.addEventListener("mousedown", (event) => {
    const option = event.target.closest('[role="option"]');
    if (!option) return;
    event.preventDefault();
    input.value = complete(written, option.dataset.text);
    form.requestSubmit();
  });
}

function option(item, at, id) {
  const made = document.createElement("li");
  made.setAttribute("role", "option");
  made.id = `${id}-${at}`;
  made.dataset.text = item.text;
  const text = document.createElement("span");
  text.textContent = item.text;
  made.append(text);
  // The usual name, where another was typed: "crise cardiaque" is infarctus du myocarde.
  const usual = document.documentElement.lang === "en" ? item.en : item.fr;
  if (usual && !item.text.toLowerCase().endsWith(usual.toLowerCase())) {
    const name = document.createElement("span");
    name.className = "of";
    name.textContent = usual;
    made.append(name);
  }
  if (item.count) {
    const count = document.createElement("span");
    count.className = "num";
    count.textContent = new Intl.NumberFormat(document.documentElement.lang).format(item.count);
    made.append(count);
  }
  return made;
}

/** What is being written: what follows the last comma, quote or operator, five words of it at most. */
function last(text) {
  const part = /[^,;|("«]*$/u.exec(text)[0].replace(/^\s*[-+!]?/, "");
  return /(?:\S+\s+){0,4}\S*$/u.exec(part)[0];
}

function complete(text, chosen) {
  return text.slice(0, text.length - last(text).length) + chosen;
}
