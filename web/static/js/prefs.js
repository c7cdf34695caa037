// Which reading mode does this person want? Runs in <head>, before anything is painted.
(() => {
  "use strict";
  const root = document.documentElement;
  const KEY = "xq-prefs";
  const read = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch (e) { return {}; }
  };
  const COOKIE = "xq_ui"; // what the server reads where no script runs
  const asked = new URLSearchParams(location.search).get("ui");
  const prefs = read();
  if (asked === "elder" || asked === "std") prefs.size = asked;
  const apply = () => {
    root.dataset.size = prefs.size || root.dataset.size || "std";
    root.dataset.contrast = prefs.contrast || "std";
  };
  root.dataset.js = "1";
  apply();
  window.xqPrefs = {
    get: (name) => prefs[name] || "std",
    set: (name, value) => {
      prefs[name] = value;
      apply();
      if (name === "size") document.cookie = `${COOKIE}=${value === "elder" ? "elder" : "std"}; path=/; max-age=31536000; samesite=lax`;
      try { localStorage.setItem(KEY, JSON.stringify(prefs)); } catch (e) { /* private window: holds for this page */ }
    },
  };
  if (asked === "elder" || asked === "std") window.xqPrefs.set("size", asked);
})();
