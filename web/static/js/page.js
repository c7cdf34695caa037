// What makes every page more comfortable; each part is optional and the page works without any of them.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const say = (words) => {
    const box = document.getElementById("say");
    if (box) { box.textContent = ""; setTimeout(() => { box.textContent = words; }, 50); }
  };
  window.xqSay = say;

  // Reading tools (阅读工具)
  const prefs = window.xqPrefs;
  const shown = () => {
    const size = root.dataset.size;
    all("[data-pref]").forEach((tool) => {
      const on = tool.dataset.pref === "contrast" ? root.dataset.contrast === "high" : size === tool.dataset.pref;
      if (tool.tagName === "BUTTON") tool.setAttribute("aria-pressed", String(on));
      const words = tool.querySelector("[data-on]");
      if (words) words.textContent = on ? words.dataset.on : words.dataset.off;
    });
  };
  all("[data-pref]").forEach((tool) => tool.addEventListener("click", (event) => {
    event.preventDefault();
    if (tool.dataset.pref === "contrast") prefs.set("contrast", root.dataset.contrast === "high" ? "std" : "high");
    else prefs.set("size", root.dataset.size === tool.dataset.pref ? "std" : tool.dataset.pref);
    shown();
  }));
  shown();
  const more = document.querySelector("[data-more]");
  if (more) more.addEventListener("click", () => {
    const tools = document.getElementById("tools");
    const open = !tools.hasAttribute("data-open");
    tools.toggleAttribute("data-open", open);
    more.setAttribute("aria-expanded", String(open));
  });

  // Read aloud (朗读): what is selected, else the main part. A page can be long, so sentence by sentence.
  const speak = document.querySelector("[data-speak]");
  if (speak && "speechSynthesis" in window && "SpeechSynthesisUtterance" in window) {
    const voice = window.speechSynthesis;
    const label = speak.querySelector("span");
    const state = (on) => { speak.setAttribute("aria-pressed", String(on)); label.textContent = on ? "停止朗读" : "朗读"; };
    speak.hidden = false;
    speak.addEventListener("click", () => {
      if (speak.getAttribute("aria-pressed") === "true") { voice.cancel(); state(false); return; }
      const chosen = String(window.getSelection() || "").trim();
      const words = chosen || document.getElementById("main").innerText;
      const sentences = (words.match(/[^。！？；\n]+[。！？；\n]?/g) || []).map((part) => part.trim()).filter(Boolean);
      voice.cancel();
      sentences.forEach((sentence, at) => {
        const part = new SpeechSynthesisUtterance(sentence);
        part.lang = "zh-CN";
        part.rate = root.dataset.size === "elder" ? 0.85 : 1;
        if (at === sentences.length - 1) part.onend = () => state(false);
        voice.speak(part);
      });
      state(true);
    });
    window.addEventListener("pagehide", () => voice.cancel());
  }

  // Errors: the summary takes the focus; its links put the cursor into the field.
  const errors = document.querySelector("[data-focus]");
  if (errors) errors.focus();
  all(".errors a").forEach((link) => link.addEventListener("click", (event) => {
    const target = document.getElementById(link.getAttribute("href").slice(1));
    if (target) { event.preventDefault(); target.focus(); target.scrollIntoView({ block: "center" }); }
  }));

  // Submit once (只交一次). The button is put back when the page returns from the browser's history.
  all("form").forEach((form) => form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    const button = event.submitter || form.querySelector("[data-busy]");
    if (form.method === "get" || (button && button.hasAttribute("formtarget"))) return;
    form.dataset.sent = "1";
    if (button && button.dataset.busy) {
      setTimeout(() => {
        button.dataset.words = button.textContent;
        button.setAttribute("aria-disabled", "true");
        button.textContent = button.dataset.busy;
      }, 0);
    }
  }));
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    all("[data-words]", form).forEach((button) => {
      button.textContent = button.dataset.words;
      button.removeAttribute("aria-disabled");
    });
  }));

  // Letters left (字数)
  all("[data-count]").forEach((box) => {
    const line = document.getElementById(box.id + "-count");
    const most = Number(box.dataset.count);
    const count = () => {
      const used = Array.from(box.value).length;
      const advised = Number(box.dataset.advised || 0);
      if (used > most) line.textContent = `已超出 ${used - most} 字，最多 ${most} 字`;
      else if (advised && used > advised) line.textContent = `已写 ${used} 字，比建议的 ${advised} 字长，照样可以提交；最多 ${most} 字`;
      else line.textContent = advised ? `已写 ${used} 字，建议不超过 ${advised} 字` : `已写 ${used} 字，最多 ${most} 字`;
      line.classList.toggle("counter--over", used > most);
    };
    box.addEventListener("input", count);
    count();
  });

  // A long list with a box to search it (查找)
  all("[data-filters]").forEach((box) => {
    const list = document.getElementById(box.dataset.filters);
    const whole = Array.from(list.children).map((part) => part.cloneNode(true));
    box.addEventListener("input", () => {
      const words = box.value.trim();
      const chosen = list.value;
      list.textContent = "";
      whole.forEach((part) => {
        const copy = part.cloneNode(true);
        if (words && copy.tagName === "OPTGROUP" && !copy.label.includes(words)) {
          all("option", copy).forEach((row) => { if (!row.textContent.includes(words)) row.remove(); });
        }
        if (copy.tagName !== "OPTGROUP" || copy.children.length) list.appendChild(copy);
      });
      const matches = words ? all("optgroup option", list) : [];
      list.value = matches.length ? matches[0].value : chosen;
      if (list.selectedIndex < 0) list.selectedIndex = 0;
      say(words ? (matches.length ? `找到 ${matches.length} 个，已选“${matches[0].textContent}”` : "没有找到") : "");
      list.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });

  // Copy and print
  all("[data-copies]").forEach((button) => button.addEventListener("click", () => {
    const words = button.dataset.copies;
    const done = () => { const before = button.textContent; button.textContent = "已复制"; say("已复制"); setTimeout(() => { button.textContent = before; }, 2000); };
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(words).then(done, () => {}); return; }
    const box = document.createElement("textarea");
    box.value = words;
    box.className = "sr";
    document.body.appendChild(box);
    box.select();
    if (document.execCommand("copy")) done();
    box.remove();
    button.focus();
  }));
  // What is folded on the screen but belongs on paper
  window.addEventListener("beforeprint", () => all("details[data-paper]").forEach((part) => { part.open = true; }));
  all("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));

  // Save a picture of the receipt (保存图片): number and code on a canvas, made on this device.
  all("[data-picture]").forEach((button) => button.addEventListener("click", () => {
    const lines = button.dataset.picture.split("|");
    const canvas = document.createElement("canvas");
    canvas.width = 900;
    canvas.height = 150 + lines.length * 90;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#0b4f9e";
    pen.fillRect(0, 0, canvas.width, 90);
    pen.fillStyle = "#ffffff";
    pen.font = "bold 40px sans-serif";
    pen.fillText(lines[0], 40, 60);
    pen.fillStyle = "#1a2230";
    lines.slice(1).forEach((line, at) => {
      pen.font = at < 2 ? "bold 46px sans-serif" : "30px sans-serif";
      pen.fillText(line, 40, 170 + at * 90);
    });
    const link = document.createElement("a");
    link.download = "查询凭证.png";
    link.href = canvas.toDataURL("image/png");
    link.click();
  }));

  // The indicators of a rating follow its level (不同星级，不同指标)
  const sets = all("[data-for-level]");
  const levelled = () => {
    const chosen = document.querySelector("[data-level]:checked");
    sets.forEach((set) => {
      const on = Boolean(chosen) && set.dataset.forLevel === chosen.value;
      set.hidden = !on;
      all("input", set).forEach((input) => { input.disabled = !on; });
      const folded = set.closest("details");
      if (on && folded && Number(chosen.value) <= 2) folded.open = true; // who is not satisfied is asked why
    });
  };
  if (sets.length) {
    all("[data-level]").forEach((input) => input.addEventListener("change", levelled));
    levelled();
  }

  // Parts that only matter under a choice: data-shown-by="id of a box", data-hidden-by likewise
  all("[data-shown-by], [data-hidden-by]").forEach((part) => {
    const box = document.getElementById(part.dataset.shownBy || part.dataset.hiddenBy);
    if (!box) return;
    const update = () => { part.hidden = part.dataset.shownBy ? !box.checked : box.checked; };
    (box.type === "radio" ? all(`input[name="${box.name}"]`) : [box]).forEach((input) => input.addEventListener("change", update));
    update();
  });

  // Similar public replies while the title is typed (相似回复): offered, never in the way
  const similar = document.querySelector("[data-similar]");
  if (similar) {
    const box = document.getElementById(similar.dataset.from);
    let timer = 0;
    let last = "";
    const look = async () => {
      const words = box.value.trim();
      if (words.length < 4 || words === last) return;
      last = words;
      try {
        const answer = await fetch(similar.dataset.similar + encodeURIComponent(words), { headers: { "X-Fragment": "1" } });
        if (answer.ok) similar.innerHTML = await answer.text();
      } catch (e) { /* no network: the form goes on without hints */ }
    };
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 600); });
    look();
  }

  // Danger told of in what is being typed (急事): what to do first, above the button
  const danger = document.querySelector("[data-danger]");
  if (danger) {
    const boxes = ["title", "text"].map((name) => document.getElementById(`f-${name}`));
    let timer = 0;
    let last = boxes.map((box) => box.value).join("\n");
    const look = async () => {
      const words = boxes.map((box) => box.value);
      if (words.join("\n") === last) return;
      last = words.join("\n");
      try {
        const answer = await fetch(danger.dataset.danger, { method: "POST", body: new URLSearchParams({ title: words[0], text: words[1] }) });
        const html = answer.ok ? (await answer.text()).trim() : danger.innerHTML;
        if (html !== danger.innerHTML.trim()) danger.innerHTML = html;
      } catch (e) { /* no network: the telephone numbers above the button are there */ }
    };
    boxes.forEach((box) => box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 800); }));
  }

  // Without network (离线)
  const offline = document.getElementById("offline");
  const network = () => { if (offline) offline.hidden = navigator.onLine; };
  window.addEventListener("online", network);
  window.addEventListener("offline", network);
  network();
  if ("serviceWorker" in navigator && document.body.classList.contains("body--public")) {
    navigator.serviceWorker.register("/sw.js").catch(() => {});
  }
})();
