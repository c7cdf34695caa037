// A form on a shared computer (公用电脑): says when somebody types and when they left, and clears it when nobody is there.
// The server does all of this without scripts too, only later: see web/pages/citizen/shared_computer.py.
(() => {
  "use strict";
  const PING_MS = 120000;
  const WARN_MS = 120000;

  // A page that the browser kept as it was shows what was typed, whatever was cleared since: ask the server anew.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  const form = document.getElementById("clear-draft");
  if (!form) return;
  const box = document.querySelector("[data-draft-shared]");
  const idleMs = Number(form.dataset.minutes) * 60000;
  const isShared = () => (box ? box.checked : form.hasAttribute("data-shared"));
  const mark = (state) => navigator.sendBeacon("/new/shared", new URLSearchParams({ state }));

  if (box) box.addEventListener("change", () => { if (box.checked) mark("on"); });

  let stays = false; // on the pages of the form
  const onward = (path) => /^\/new\/(\d|clear)$/.test(path);
  document.addEventListener("submit", (event) => { stays = !event.defaultPrevented && onward(new URL(event.target.action).pathname); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && link.origin === location.origin && onward(link.pathname)) stays = true;
  });
  window.addEventListener("pagehide", () => { if (isShared() && !stays) mark("away"); });
  if (isShared()) mark("here"); // back at once, after a reload: the page before may have said "away"

  let seenAt = Date.now();
  let pingedAt = Date.now();
  let line = null;
  const active = () => {
    seenAt = Date.now();
    if (line) { line.remove(); line = null; }
    if (isShared() && seenAt - pingedAt > PING_MS) { pingedAt = seenAt; mark("here"); }
  };
  ["input", "keydown", "pointerdown", "touchstart"].forEach((name) => document.addEventListener(name, active));
  setInterval(() => {
    if (!isShared()) return;
    const idle = Date.now() - seenAt;
    if (idle >= idleMs) {
      stays = true;
      form.submit();
    } else if (idle >= idleMs - WARN_MS && !line) {
      line = document.createElement("p");
      line.className = "notice notice--warn";
      line.setAttribute("role", "alert");
      line.textContent = "两分钟内没有操作，已填的内容就会清除。还在填写的，请按任意键或者点一下页面。";
      form.before(line);
    }
  }, 5000);
})();
