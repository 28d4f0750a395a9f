// The picture: wheel and arrows scroll through the series, dragging changes the window, double click resets it.

export function viewer() {
  const figure = document.querySelector("[data-viewer]:not([data-ready])");
  if (!figure) return;
  figure.dataset.ready = "";
  const image = figure.querySelector("img");
  const slices = figure.dataset.slices.trim().split(" ").map((pair) => pair.split(":"));
  const state = { at: Number(figure.dataset.at), center: read(figure.dataset.center), width: read(figure.dataset.width) };
  const where = figure.querySelector("[data-where]");
  const shown = figure.querySelector("[data-window]");
  let drag = null;
  let busy = false;
  let again = false;

  const address = (at) => {
    const [id, frame] = slices[at];
    const window_ = state.width === null ? "" : `&center=${state.center}&width=${state.width}`;
    return `/api/v1/instances/${id}/pixels?frame=${frame}${window_}`;
  };
  const draw = async () => {
    // One request at a time: while it runs, only the last wish is kept.
    if (busy) return void (again = true);
    busy = true;
    const next = new Image();
    next.src = address(state.at);
    await next.decode().catch(() => {});
    image.src = next.src;
    busy = false;
    if (where) where.textContent = figure.dataset.caption.replace("%n", String(state.at + 1));
    if (shown) shown.textContent = state.width === null ? "" : `C ${Math.round(state.center)} · L ${Math.round(state.width)}`;
    if (again) {
      again = false;
      draw();
      return;
    }
    for (const near of [state.at + 1, state.at - 1]) if (slices[near]) new Image().src = address(near);
  };
  const step = (by) => {
    const at = Math.min(Math.max(state.at + by, 0), slices.length - 1);
    if (at !== state.at) {
      state.at = at;
      draw();
    }
  };

  figure.addEventListener("wheel", (event) => {
    event.preventDefault();
    step(Math.sign(event.deltaY));
  }, { passive: false });
  figure.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by) {
      event.preventDefault();
      step(by);
    }
  });
  figure.addEventListener("pointerdown", (event) => {
    figure.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, center: state.center ?? 40, width: state.width ?? 400 };
  });
  figure.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const scale = Math.max(drag.width, 50) / 250;
    state.width = Math.max(1, drag.width + (event.clientX - drag.x) * scale);
    state.center = drag.center + (event.clientY - drag.y) * scale;
    draw();
  });
  figure.addEventListener("pointerup", () => (drag = null));
  figure.addEventListener("dblclick", () => {
    state.center = state.width = null;
    draw();
  });
  for (const button of document.querySelectorAll(".controls [data-step]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      step(Number(button.dataset.step));
    });
  }
  for (const preset of document.querySelectorAll("[data-preset]")) {
    preset.addEventListener("click", (event) => {
      event.preventDefault();
      const [center, width] = preset.dataset.preset.split(",").map(Number);
      state.center = preset.dataset.preset ? center : null;
      state.width = preset.dataset.preset ? width : null;
      for (const other of document.querySelectorAll("[data-preset]")) other.removeAttribute("aria-current");
      preset.setAttribute("aria-current", "true");
      draw();
    });
  }
}

function read(text) {
  return text === "" || text === undefined ? null : Number(text);
}
