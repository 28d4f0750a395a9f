// A question about a record is answered in place; without this file the form loads the page with its answer.

let turn = 0;

export function asking() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-ask]");
    if (!form) return;
    event.preventDefault();
    const field = form.querySelector("#question");
    if (event.submitter?.value) field.value = event.submitter.value;
    const question = field.value.trim();
    if (question) send(form, question);
    else field.focus();
  });
}

async function send(form, question) {
  const mine = ++turn;
  const live = document.getElementById("live");
  // Nothing flickers for an answer that comes at once; a late one is announced.
  const late = setTimeout(() => live && (live.textContent = form.dataset.waiting), 300);
  try {
    const answer = await fetch(form.action.split("#")[0], {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/html" },
      body: JSON.stringify({ question }),
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("ask");
    if (mine !== turn) return;
    if (!fresh) throw new Error("no answer");
    document.getElementById("ask").replaceWith(document.adoptNode(fresh));
    const reply = document.getElementById("reply");
    if (live) live.textContent = reply?.querySelector(".answer")?.textContent ?? "";
    document.getElementById("question").focus({ preventScroll: true });
  } catch {
    form.submit();
  } finally {
    clearTimeout(late);
  }
}
