// Keeps what was typed on this device until it is sent: form[data-draft="name"], status line [data-draft-state].
// Never keeps telephone or ID numbers (data-nodraft), and nothing at all on a shared computer (公用电脑).
(() => {
  "use strict";
  const form = document.querySelector("form[data-draft]");
  const DAYS = 30;
  const SHARED = "xq-shared-computer";

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
  const forget = (name) => store("readwrite", (drafts) => (name ? drafts.delete(name) : drafts.clear()));

  // A receipt says that the draft is no longer needed, and so does a page that says it was cleared.
  const sent = document.querySelector("[data-draft-sent]");
  if (sent) {
    if (window.indexedDB) forget().catch(() => {});
    try { sessionStorage.removeItem(SHARED); } catch (e) { /* nothing is there either */ }
  }
  if (!form || !window.indexedDB) return;

  const name = form.dataset.draft;
  const line = document.querySelector("[data-draft-state]");
  const shared = document.querySelector("[data-draft-shared]");
  const fields = () => Array.from(form.elements).filter((box) =>
    box.name && !box.disabled && !box.hasAttribute("data-nodraft") && !["hidden", "password", "submit", "button"].includes(box.type));
  const files = () => fields().filter((box) => box.type === "file");
  const sending = (box) => { const row = box.closest("[data-upload]"); return row && row.xqSending ? row.xqSending() : []; };
  const isShared = () => { try { return sessionStorage.getItem(SHARED) === "1"; } catch (e) { return shared.checked; } };
  const tell = (words) => { if (line) line.textContent = words; };
  const clock = (at) => `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;

  const gather = () => {
    const values = {};
    fields().forEach((box) => {
      if (box.type === "file") return;
      if (box.type === "radio" || box.type === "checkbox") {
        (values[box.name] = values[box.name] || []);
        if (box.checked) values[box.name].push(box.value);
      } else values[box.name] = box.value;
    });
    // Files that went up already are kept by id; those still here or on their way as bytes.
    const kept = files().map((box) => [box.name, [...box.files, ...sending(box)]]).filter((pair) => pair[1].length);
    const uploaded = Array.from(form.querySelectorAll('input[name="attachments"]'))
      .map((hidden) => ({ id: hidden.value, name: hidden.dataset.name || "", size: hidden.dataset.size || "" }));
    return { at: Date.now(), values, files: kept, uploaded };
  };

  let timer = 0;
  const save = async () => {
    if (isShared()) return;
    try {
      // The offline page has fewer fields than the form: what it does not ask for stays as it was.
      const known = (await store("readonly", (drafts) => drafts.get(name))) || { values: {}, files: [] };
      const draft = gather();
      draft.values = { ...known.values, ...draft.values };
      if (!files().length) { draft.files = known.files; draft.uploaded = known.uploaded || []; }
      await store("readwrite", (drafts) => drafts.put(draft, name));
      const many = draft.uploaded.length;
      tell(`已自动保存到本机 ${clock(new Date())}${many ? `，含 ${many} 份已上传的材料` : ""}`);
    } catch (e) { tell("本机不允许保存草稿，请一次填完"); }
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(save, 400); };

  // What went up after the server last saw the form: it is on no page the server makes.
  const restoreUploaded = (draft) => {
    const row = form.querySelector("[data-upload]");
    if (row && row.xqRestore) row.xqRestore(draft.uploaded || []);
  };

  const restore = (draft) => {
    fields().forEach((box) => {
      const value = draft.values[box.name];
      if (value === undefined || box.type === "file") return;
      if (box.type === "radio" || box.type === "checkbox") box.checked = value.includes(box.value);
      else if (!box.value) box.value = value;
      box.dispatchEvent(new Event("input"));
      box.dispatchEvent(new Event("change"));
    });
    draft.files.forEach(([field, list]) => {
      const box = files().find((one) => one.name === field);
      if (!box || box.files.length || typeof DataTransfer === "undefined") return;
      const bag = new DataTransfer();
      list.forEach((file) => bag.items.add(file));
      box.files = bag.files;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };

  const begin = async () => {
    if (isShared()) { await forget().catch(() => {}); tell("公用电脑：不在本机保存草稿"); return; }
    try {
      const draft = await store("readonly", (drafts) => drafts.get(name));
      if (!draft) return;
      if (Date.now() - draft.at > DAYS * 864e5) { await forget(name); return; }
      // What the server sent back (after an error, or from its own draft) is newer than ours.
      restoreUploaded(draft);
      if (!form.hasAttribute("data-filled")) { restore(draft); tell(`已恢复本机草稿（${clock(new Date(draft.at))} 保存）`); }
    } catch (e) { /* no storage in this browser: the form works without */ }
  };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  if (shared) {
    const note = () => { try { sessionStorage.setItem(SHARED, shared.checked ? "1" : "0"); } catch (e) { /* holds for this page */ } };
    // The server knows of the form's own page; the offline page learns it from the page before.
    if (document.getElementById("clear-draft")) note(); else shared.checked = isShared();
    shared.addEventListener("change", async () => {
      note();
      if (shared.checked) { await forget(); tell("公用电脑：不在本机保存草稿，已清除"); } else { save(); }
    });
  }
  if (document.readyState === "complete") begin(); else document.addEventListener("DOMContentLoaded", begin); // upload.js runs first
})();
