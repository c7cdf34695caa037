// Keeps the shell, the first page of the form and the offline page for times without network. Nothing personal.
// Sends the message that waits on this device when the network is back, also while no page is open ("xq-send").
"use strict";
const VERSION = "{version}"; // the server puts it in, as in the addresses of the pages, so that nothing is fetched twice
const CACHE = `xinqiao-${VERSION}`;
const FILES = ["css/xinqiao.css", "css/citizen.css", "js/prefs.js", "js/page.js", "js/draft.js", "js/upload.js", "js/send.js", "icons.svg"];
const KEPT = ["/offline", "/static/favicon.svg"].concat(FILES.map((path) => `/static/${path}?v=${VERSION}`));
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT.map((path) => new Request(path, { credentials: "omit" })))).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
// Writes are never fetched here: what a service worker fetches says of itself that it comes from this site.
self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(() => caches.match(request, { ignoreSearch: true })));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  }
});

const store = (mode, work) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("xinqiao", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("drafts");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const turn = opening.result.transaction("drafts", mode);
    const asked = work(turn.objectStore("drafts"));
    turn.oncomplete = () => { opening.result.close(); resolve(asked.result); };
    turn.onerror = () => { opening.result.close(); reject(turn.error); };
  };
});
const sendWaiting = async () => {
  const entry = await store("readonly", (drafts) => drafts.get("waiting"));
  if (!entry || entry.next) return;
  // A failure rejects, and the browser tries again later. The key makes a second try the same message.
  const answer = await fetch("/new/4", { method: "POST", body: new URLSearchParams({ key: entry.key }), headers: { "X-Fragment": "1" }, redirect: "manual" });
  if (answer.status > 501) throw new Error("busy");
  if (!answer.ok || !(answer.headers.get("content-type") || "").startsWith("application/json")) return; // it asks something: a page shows it
  const { next } = await answer.json();
  if (next.startsWith("/receipt/")) await store("readwrite", (drafts) => drafts.put({ ...entry, next }, "waiting"));
};
self.addEventListener("sync", (event) => { if (event.tag === "xq-send") event.waitUntil(sendWaiting()); });
