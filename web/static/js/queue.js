// Keys and bulk selection of a worklist: table[data-queue] with a link and perhaps a box in each row.
// j/k next and previous, x choose, o open, / search, ? help. Off while typing or composing, and by choice.
(() => {
  "use strict";
  const table = document.querySelector("table[data-queue]");
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const boxes = table ? all("tbody input[type=checkbox]", table) : [];
  const every = document.querySelector("[data-check-all]");
  const counts = all("[data-chosen]");
  const update = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    counts.forEach((line) => { line.textContent = String(chosen); });
    all("[data-needs-chosen]").forEach((button) => { button.disabled = chosen === 0; });
    boxes.forEach((box) => box.closest("tr").classList.toggle("row-on", box.checked));
    if (every) { every.checked = chosen > 0 && chosen === boxes.length; every.indeterminate = chosen > 0 && chosen < boxes.length; }
  };
  boxes.forEach((box) => box.addEventListener("change", update));
  if (every) every.addEventListener("change", () => { boxes.forEach((box) => { box.checked = every.checked; }); update(); });
  if (table) update();

  const OFF = "xq-keys-off";
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch (e) { return false; } };
  const toggle = document.querySelector("[data-keys-toggle]");
  if (toggle) {
    toggle.checked = !off();
    toggle.addEventListener("change", () => { try { localStorage.setItem(OFF, toggle.checked ? "0" : "1"); } catch (e) { /* holds for this page */ } });
  }
  let at = -1;
  const rows = () => all("tbody tr", table);
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    if (list[at]) list[at].classList.remove("is-cursor");
    at = Math.min(list.length - 1, Math.max(0, at + step));
    list[at].classList.add("is-cursor");
    list[at].scrollIntoView({ block: "nearest" });
    const link = list[at].querySelector("a");
    if (link) link.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || off()) return;
    const row = table && rows()[at];
    const keys = {
      j: () => table && move(1),
      k: () => table && move(-1),
      x: () => { const box = row && row.querySelector("input[type=checkbox]"); if (box) { box.checked = !box.checked; update(); } },
      o: () => { const link = row && row.querySelector("a"); if (link) link.click(); },
      "/": () => { const box = document.querySelector("[data-search]"); if (box) { event.preventDefault(); box.focus(); } },
      "?": () => { const help = document.querySelector("[data-keys-help]"); if (help) { help.open = !help.open; help.scrollIntoView({ block: "nearest" }); } },
    };
    if (Object.prototype.hasOwnProperty.call(keys, event.key)) keys[event.key]();
  });
})();
