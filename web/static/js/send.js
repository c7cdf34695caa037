// Sends the four steps so that no broken line loses anything: form[data-offline] is sent in the background, and when the
// line is down the page stays, says so in words (data-offline-words) and sends by itself as soon as it can.
// The last step is also remembered on the device by its key, which the server takes only once: any page of this site, or
// the service worker, sends it later. Nothing of what was written lies in that queue.
(() => {
  "use strict";
  const RETRY_MS = 5000;
  const SLOW_MS = 15000;
  const DAYS = 30;
  const WAITING = "waiting";

  const store = (mode, work) => new Promise((resolve, reject) => {
    const opening = indexedDB.open("xinqiao", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("drafts");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      const turn = db.transaction("drafts", mode);
      const asked = work(turn.objectStore("drafts"));
      turn.oncomplete = () => { db.close(); resolve(asked.result); };
      turn.onerror = () => { db.close(); reject(turn.error); };
    };
  });
  const put = (entry) => store("readwrite", (drafts) => drafts.put(entry, WAITING)).catch(() => {});
  const drop = () => store("readwrite", (drafts) => drafts.delete(WAITING)).catch(() => {});
  const load = () => store("readonly", (drafts) => drafts.get(WAITING)).catch(() => null);
  // {next} of an answer, "" when the server has something to say in a page of its own. Rejects while the line is down.
  const post = async (url, body) => {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-Fragment": "1" }, redirect: "manual" });
    if (answer.status > 501) throw new Error("busy"); // it answers again in a moment
    const isJson = answer.ok && (answer.headers.get("content-type") || "").startsWith("application/json");
    return isJson ? (await answer.json()).next : "";
  };

  const form = document.querySelector("form[data-offline]");
  if (form) {
    const line = form.querySelector("[data-offline-words]");
    const key = form.dataset.offline; // only of the last step
    const shared = document.getElementById("clear-draft");
    const words = line.textContent;
    let isNative = false;
    let isBusy = false;
    let waiting = null; // the button that was pressed while the line was down

    const say = (text) => { line.textContent = text; line.hidden = !text; if (text) line.scrollIntoView({ block: "nearest" }); };
    const busy = (button, on) => {
      isBusy = on;
      if (!button || !button.dataset.busy) return;
      if (on) { button.dataset.words = button.textContent; button.textContent = button.dataset.busy; button.setAttribute("aria-disabled", "true"); return; }
      button.textContent = button.dataset.words || button.textContent;
      button.removeAttribute("aria-disabled");
    };
    const submit = (button) => { if (form.requestSubmit) form.requestSubmit(button); else button.click(); };

    const send = async (button) => {
      busy(button, true);
      const slow = setTimeout(() => say("网络很慢，还在发送，请不要关闭本页"), SLOW_MS);
      const data = new FormData(form);
      const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
      try {
        const next = await post(form.action, body);
        clearTimeout(slow);
        if (key) await drop();
        if (next) { document.dispatchEvent(new Event("xq-onward")); location.assign(next); return; }
        busy(button, false);
        isNative = true; // something is wrong: the server shows the page with what to correct
        submit(button);
      } catch (e) {
        clearTimeout(slow);
        busy(button, false);
        waiting = button;
        say(words);
        if (key && !shared.hasAttribute("data-shared")) {
          await put({ key, at: Date.now() });
          if (navigator.serviceWorker) navigator.serviceWorker.ready.then((worker) => worker.sync && worker.sync.register("xq-send")).catch(() => {});
        }
      }
    };

    form.addEventListener("submit", (event) => {
      if (isNative) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (isBusy) return;
      waiting = null;
      say("");
      send(event.submitter || form.querySelector("[data-busy]"));
    }, true);
    const again = () => { if (waiting && !isBusy && navigator.onLine) { const button = waiting; waiting = null; submit(button); } };
    window.addEventListener("online", again);
    setInterval(again, RETRY_MS);
    window.addEventListener("pageshow", (event) => { if (event.persisted) isBusy = false; });
    if (key) return;
  }

  // What waited is sent from whatever page is opened next; the banner leads to its receipt.
  const banner = document.getElementById("sent-later");
  if (!banner || !window.indexedDB || document.querySelector("[data-draft-sent]")) return;
  const show = (state, href) => {
    banner.hidden = false;
    Array.from(banner.querySelectorAll("[data-state]")).forEach((part) => { part.hidden = part.dataset.state !== state; });
    if (href) banner.querySelector(`[data-state="${state}"] a`).href = href;
  };
  const resume = async () => {
    const entry = await load();
    if (!entry) return;
    if (entry.next) { show("sent", entry.next); return; }
    if (Date.now() - entry.at > DAYS * 864e5) { await drop(); return; }
    show("waiting");
    if (!navigator.onLine) return;
    try {
      const next = await post("/new/4", new URLSearchParams({ key: entry.key }));
      if (next.startsWith("/receipt/")) { await put({ ...entry, next }); show("sent", next); return; }
      await drop(); // begun anew meanwhile, or it asks something
      if (next === "/new/1") banner.hidden = true; else show("asked");
    } catch (e) { /* still no network: "online" tries again */ }
  };
  window.addEventListener("online", resume);
  resume();
})();
