// Makes long choices shorter: a box above each select[data-filter] narrows its options while one types.
// A phrase is put where the cursor is, without asking the server. What is written is kept in this tab until it is
// sent, so that an ended session loses nothing. All of it works without this script, only slower.
(() => {
  "use strict";
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));

  all("select[data-filter]").forEach((select) => {
    const box = document.createElement("input");
    box.className = "input filter-box";
    box.type = "search";
    box.placeholder = "输入几个字缩小范围";
    const label = document.querySelector(`label[for="${select.id}"]`);
    box.setAttribute("aria-label", `${label ? label.textContent : ""}：输入几个字缩小范围`);
    const groups = all("optgroup", select).map((group) => ({ group, options: all("option", group) }));
    box.addEventListener("input", () => {
      const words = box.value.trim();
      let first = null;
      groups.forEach(({ group, options }) => {
        let left = 0;
        options.forEach((option) => {
          const fits = !words || option.textContent.includes(words) || group.label.includes(words);
          option.hidden = !fits;
          option.disabled = !fits;
          if (fits) { left += 1; first = first || option; }
        });
        group.hidden = left === 0;
      });
      if (words && first) select.value = first.value;
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); select.focus(); }
    });
    select.parentNode.insertBefore(box, select);
  });

  all(".pick-list").forEach((list) => {
    const box = document.createElement("input");
    box.className = "input filter-box";
    box.type = "search";
    box.placeholder = "输入几个字缩小范围";
    box.setAttribute("aria-label", `${list.getAttribute("aria-label")}：输入几个字缩小范围`);
    const rows = all(".pick-one", list);
    const groups = all(".pick-group", list);
    box.addEventListener("input", () => {
      const words = box.value.trim();
      rows.forEach((row) => { row.hidden = Boolean(words) && !row.textContent.includes(words) && !row.querySelector("input").checked; });
      groups.forEach((group) => { group.hidden = Boolean(words); });
    });
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    list.parentNode.insertBefore(box, list);
  });

  all("form").forEach((form) => {
    const insert = form.querySelector('button[name="insert"]');
    if (!insert) return;
    const choice = form.querySelector('select[name="phrase"]');
    insert.addEventListener("click", (event) => {
      const area = form.querySelector("textarea");
      const chosen = choice.selectedOptions[0];
      if (!area || !chosen || !chosen.dataset.text) return;
      event.preventDefault();
      const at = area.selectionEnd === undefined ? area.value.length : area.selectionEnd;
      const before = area.value.slice(0, at);
      area.value = before + (before && !before.endsWith("\n") ? "\n" : "") + chosen.dataset.text + area.value.slice(at);
      area.dispatchEvent(new Event("input"));
      area.focus();
    });
  });

  // Kept in the tab only: an answer may hold personal data, and an office computer has many users.
  const KEY = "xq-writing:";
  const keep = (name, value) => {
    try { if (value) sessionStorage.setItem(KEY + name, value); else sessionStorage.removeItem(KEY + name); } catch (e) { /* no storage: nothing is kept */ }
  };
  const kept = (name) => { try { return sessionStorage.getItem(KEY + name) || ""; } catch (e) { return ""; } };
  const done = document.querySelector("[data-done]");
  all("form[data-keep]").forEach((form) => {
    all("textarea", form).forEach((area) => {
      const name = `${form.dataset.keep}:${area.name}`;
      if (done && form.dataset.keep.endsWith(`:${done.dataset.done}`)) keep(name, "");
      const before = kept(name);
      if (before && !area.value.trim()) {
        area.value = before;
        area.dispatchEvent(new Event("input"));
        const line = document.createElement("p");
        line.className = "saved";
        line.textContent = "已恢复本页未提交的内容";
        area.insertAdjacentElement("afterend", line);
      }
      let timer = 0;
      area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => keep(name, area.value), 400); });
      form.addEventListener("submit", () => keep(name, area.value));
    });
  });
})();
