// Keeps the board fresh: server-sent events, and a look every 30 seconds when they do not get through.
// Each event is the whole moving part, made on our own server. On a wall screen it also turns the pages.
(() => {
  "use strict";
  const box = document.getElementById("lights");
  if (!box) return;
  const stale = document.querySelector("[data-stale]");
  const STALE_MILLIS = 30000;
  const TURN_MILLIS = 20000;
  let seen = Date.now();
  let page = 0;
  let paused = false;

  const pages = () => Array.from(box.querySelectorAll("[data-wall-page]"));
  const turn = () => {
    const all = pages();
    if (!all.length) return;
    page %= all.length;
    all.forEach((part, at) => { part.hidden = at !== page; });
    const at = box.querySelector("[data-wall-at]");
    if (at) at.textContent = String(page + 1);
  };
  const show = (html) => {
    const active = document.activeElement;
    const held = active && box.contains(active) ? active.getAttribute("href") : null;
    box.innerHTML = html;
    seen = Date.now();
    stale.hidden = true;
    turn();
    if (held) { // the focus stays on the same number while the figures under it change
      const link = Array.from(box.querySelectorAll("a")).find((each) => each.getAttribute("href") === held);
      if (link) link.focus({ preventScroll: true });
    }
  };

  if ("EventSource" in window) {
    const source = new EventSource(box.dataset.live);
    source.addEventListener("lights", (event) => show(event.data));
    source.addEventListener("over", () => { source.close(); location.reload(); });
    window.addEventListener("pagehide", () => source.close());
  }
  setInterval(async () => {
    if (Date.now() - seen < STALE_MILLIS) return;
    stale.hidden = false;
    try {
      const answer = await fetch(box.dataset.fallback, { redirect: "manual" });
      if (answer.ok) show(await answer.text());
      else if (answer.type === "opaqueredirect") location.reload();
    } catch (e) { /* the notice above stays until something comes through */ }
  }, STALE_MILLIS);

  turn();
  setInterval(() => { if (!paused && pages().length > 1) { page += 1; turn(); } }, TURN_MILLIS);
  const pause = document.querySelector("[data-wall-pause]");
  if (pause) pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.querySelector("span").textContent = paused ? "继续翻页" : "暂停翻页";
  });
})();
