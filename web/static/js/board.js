// Keeps the board fresh: server-sent events, and a look every 30 seconds when they do not get through.
// Each event is the whole moving part, made on our own server. On a wall screen it also turns the pages.
(() => {
  "use strict";
  const box = document.getElementById("lights");
  if (!box) return;
  const stale = document.querySelector("[data-stale]");
  const STALE_MILLIS = 30000;
  const TURN_MILLIS = 20000;
  const RETRY_MILLIS = 5000;
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
    box.classList.remove("board-lost");
    turn();
    if (held) { // the focus stays on the same number while the figures under it change
      const link = Array.from(box.querySelectorAll("a")).find((each) => each.getAttribute("href") === held);
      if (link) link.focus({ preventScroll: true });
    }
  };

  // Old lights must not look like live ones: they lose their colour, and the notice names the time they are of.
  const lose = () => {
    const age = box.querySelector(".board-age time");
    const at = stale.querySelector("[data-stale-at]");
    if (age && at) at.textContent = age.textContent;
    stale.hidden = false;
    box.classList.add("board-lost");
  };

  let source = null;
  const connect = () => {
    source = new EventSource(box.dataset.live);
    source.addEventListener("lights", (event) => show(event.data));
    source.addEventListener("lost", lose);
    source.addEventListener("over", () => { source.close(); location.reload(); });
    source.addEventListener("error", () => {
      lose();
      // After an answer such as 503 the browser gives up for good, so we begin anew.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MILLIS);
    });
  };
  if ("EventSource" in window) {
    connect();
    window.addEventListener("pagehide", () => source.close());
  }
  setInterval(async () => {
    if (Date.now() - seen < STALE_MILLIS) return;
    lose();
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
