// Sends chosen files at once, with progress, cancel and retry; large photos are made smaller first. Large files go in
// parts (tus 1.0, data-parts): after a break, or a reload, they go on where the server has them.
// [data-upload] is the row of the macro `file`; the server's id rides along as a hidden "attachments".
// draft.js reads row.xqSending (files still on their way) and calls row.xqRestore (files that went up before a reload).
(() => {
  "use strict";
  const SHRINK_OVER = 4000000;
  const LONGEST = 2560;
  const THUMB = 144;
  const PARTS_OVER = 5000000;
  const PART = 4000000;
  const TRIES = 60; // without a byte of progress, a quarter of a minute apart at most

  const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`);

  // Drawing a picture anew drops where and by whom it was taken; the browser turns it upright.
  const smaller = async (file) => {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size <= SHRINK_OVER || !window.createImageBitmap) return file;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => createImageBitmap(file));
      const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
    } catch (e) { return file; }
  };

  // A small picture of what was chosen (缩略图), as a data: address that the draft on this device holds too.
  const thumbOf = async (file) => {
    if (!/^image\//.test(file.type) || !window.createImageBitmap) return "";
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => createImageBitmap(file));
      const side = Math.min(picture.width, picture.height);
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = THUMB;
      canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, THUMB, THUMB);
      return canvas.toDataURL("image/jpeg", 0.7);
    } catch (e) { return ""; } // a kind this browser does not show, such as HEIC
  };
  const showThumb = (item, src) => {
    if (!src || item.querySelector(".file-thumb")) return;
    const image = part("img", "file-thumb");
    image.src = src;
    image.alt = ""; // its name stands beside it
    item.prepend(image);
  };

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const ask = (task, method, url, headers, body) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    task.request = request;
    request.open(method, url);
    Object.keys(headers).forEach((name) => request.setRequestHeader(name, headers[name]));
    request.timeout = 120000;
    request.upload.onprogress = (event) => { if (body && event.lengthComputable) task.progress(event.loaded); };
    request.onload = () => resolve(request);
    request.onerror = request.ontimeout = request.onabort = () => reject(new Error("line"));
    request.send(body || null);
  });
  // Where a file of this size and time is being taken in, so that a reload does not begin it anew.
  const placeKey = (file) => `xq-part ${file.size} ${file.lastModified}`;
  const place = (file, url) => {
    try {
      if (url === undefined) return sessionStorage.getItem(placeKey(file)) || "";
      if (url) sessionStorage.setItem(placeKey(file), url); else sessionStorage.removeItem(placeKey(file));
    } catch (e) { /* it begins anew then */ }
    return "";
  };
  const refusal = (request) => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch (e) { /* not ours */ }
    return (answer.error && (Object.values(answer.error.fields || {})[0] || answer.error.message)) || "没有传成";
  };
  // The id of the whole file; rejects with {words, again} when it cannot be had. task: {isOver, request, progress, broken}
  const sendInParts = async (file, endpoint, task) => {
    const tus = { "Tus-Resumable": "1.0.0" };
    let url = place(file);
    let offset = -1; // not known: ask
    let tries = 0;
    while (offset < file.size) {
      try {
        let request = null;
        if (!url) {
          const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
          request = await ask(task, "POST", endpoint, { ...tus, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${name}` });
          if (request.status === 201) { url = request.getResponseHeader("Location"); offset = 0; place(file, url); }
        } else if (offset < 0) {
          request = await ask(task, "HEAD", url, tus);
          if (request.status === 200) offset = Number(request.getResponseHeader("Upload-Offset"));
          if (request.status === 404) { url = ""; place(file, ""); continue; } // its time was over: from the beginning
        } else {
          const from = offset;
          task.progress = (loaded) => task.show(Math.min(from + loaded, file.size));
          request = await ask(task, "PATCH", url, { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) }, file.slice(offset, offset + PART));
          if (request.status === 204) offset = Number(request.getResponseHeader("Upload-Offset"));
          if (request.status === 409) { offset = -1; continue; }
        }
        if (request.status < 300) { tries = 0; continue; }
        if (request.status === 429) await pause(1000 * Number(request.getResponseHeader("Retry-After") || 10));
        else if (request.status < 500) { place(file, ""); throw { words: refusal(request), again: false }; }
        else throw new Error("busy");
      } catch (fault) {
        if (task.isOver) return "";
        if (fault.words) throw fault;
        if (++tries > TRIES) throw { words: "网络中断，没有传完", again: true };
        task.broken();
        offset = -1;
        await pause(Math.min(1000 * 2 ** tries, 15000));
      }
      if (task.isOver) return "";
    }
    place(file, "");
    return url.split("/").pop();
  };

  const part = (tag, className, words) => {
    const made = document.createElement(tag);
    made.className = className;
    if (words) made.textContent = words;
    return made;
  };

  const setUp = (row) => {
    const boxes = Array.from(row.querySelectorAll('input[type="file"]'));
    const list = row.querySelector(".files");
    const most = Number(row.dataset.most);
    const max = Number(row.dataset.max);
    const parts = row.dataset.parts || "";
    const maxRecording = parts ? Number(row.dataset.maxRecording) : max;
    const form = boxes[0].form;
    const sending = new Set();
    let resume = null; // the button that was pressed while files were on their way

    row.xqSending = () => Array.from(sending);
    const changed = () => form.dispatchEvent(new Event("change"));

    const notice = (words) => {
      let line = form.querySelector(".files-waiting");
      if (!line) {
        line = part("p", "files-waiting");
        line.setAttribute("role", "status");
        const last = form.querySelector(".btns") || Array.from(form.querySelectorAll('button[type="submit"]')).pop();
        last.before(line);
      }
      line.textContent = words;
      line.hidden = !words;
    };

    const over = (file, failed) => {
      sending.delete(file);
      if (!resume) return;
      if (failed) {
        resume = null;
        notice("有材料没有传成：请点“重试”，或者移除后再点一次");
      } else if (sending.size) {
        notice(`还有 ${sending.size} 份材料正在上传，传完后自动继续`);
      } else {
        const button = resume;
        resume = null;
        notice("");
        if (form.requestSubmit) form.requestSubmit(button); else button.click();
      }
    };

    const done = (item, state, button, id, name, words) => {
      const hidden = document.createElement("input");
      hidden.type = "hidden";
      hidden.name = "attachments";
      hidden.value = id;
      hidden.dataset.name = name;
      hidden.dataset.size = words;
      const image = item.querySelector(".file-thumb");
      if (image) hidden.dataset.thumb = image.src;
      item.appendChild(hidden);
      state.className = "file-state file-state--ok";
      state.textContent = `${words} 已上传`;
      button.textContent = "删除";
      button.setAttribute("aria-label", `删除 ${name}`);
      button.onclick = () => { item.remove(); changed(); };
      changed();
    };

    const line = (name) => {
      const item = document.createElement("li");
      const state = part("span", "file-state", "准备中");
      const button = part("button", "btn btn--small", "取消");
      button.type = "button";
      item.append(part("span", "file-name", name), state, button);
      list.appendChild(item);
      return { item, state, button };
    };

    row.xqRestore = (files) => files.forEach(({ id, name, size: words, thumb }) => {
      const listed = form.querySelector(`input[name="attachments"][value="${CSS.escape(id)}"]`);
      if (listed) {
        listed.dataset.thumb = thumb || "";
        showThumb(listed.closest("li"), thumb);
        return;
      }
      if (list.children.length >= most) return;
      const { item, state, button } = line(name);
      showThumb(item, thumb);
      done(item, state, button, id, name, words);
    });

    const add = (file) => {
      const { item, state, button } = line(file.name);
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", `${file.name} 上传进度`);
      state.before(bar);
      let request = null;
      thumbOf(file).then((src) => {
        showThumb(item, src);
        const hidden = item.querySelector('input[name="attachments"]');
        if (hidden && src) { hidden.dataset.thumb = src; changed(); }
      });

      const bad = (words, again) => {
        bar.hidden = true;
        state.className = "file-state file-state--bad";
        state.textContent = words;
        window.xqSay(`${file.name}：${words}`);
        button.textContent = again ? "重试" : "移除";
        button.onclick = again ? send : () => item.remove();
        over(file, true);
      };

      const send = async () => {
        sending.add(file);
        changed();
        bar.hidden = false;
        bar.value = 0;
        state.className = "file-state";
        button.textContent = "取消";
        const task = { isOver: false };
        button.onclick = () => {
          task.isOver = true;
          [request, task.request].forEach((open) => { if (open) open.abort(); });
          item.remove();
          over(file);
          changed();
        };
        const ready = await smaller(file);
        if (!sending.has(file)) return;
        const most = /^(audio|video)\//.test(ready.type) ? Math.max(max, maxRecording) : max;
        if (ready.size > most) { bad(`文件 ${size(ready.size)}，超过 ${size(most)} 上限`, false); return; }
        const whole = (id) => {
          bar.hidden = true;
          window.xqSay(`${file.name} 已上传`);
          sending.delete(file);
          done(item, state, button, id, file.name, size(ready.size));
          over(file);
        };
        if (parts && ready.size > PARTS_OVER) {
          task.show = (bytes) => {
            bar.value = Math.round((bytes / ready.size) * 100);
            state.textContent = bar.value < 100 ? `${bar.value}%` : "正在检查";
          };
          task.broken = () => { state.textContent = `网络断了，接上后接着传（已传 ${bar.value}%）`; };
          task.progress = () => {};
          try {
            const id = await sendInParts(ready, parts, task);
            if (id) whole(id);
          } catch (fault) { bad(fault.words || "没有传成", fault.again); }
          return;
        }
        const body = new FormData();
        body.append("file", ready, ready.name);
        request = new XMLHttpRequest();
        request.open("POST", row.dataset.upload);
        request.timeout = 120000;
        request.upload.onprogress = (event) => {
          if (!event.lengthComputable) return;
          bar.value = Math.round((event.loaded / event.total) * 100);
          state.textContent = bar.value < 100 ? `${bar.value}%` : "正在检查";
        };
        request.onerror = () => bad("网络中断，没有传完", true);
        request.ontimeout = request.onerror;
        request.onload = () => {
          let answer = {};
          try { answer = JSON.parse(request.responseText); } catch (e) { /* not ours: shown as a failure below */ }
          if (request.status !== 201 || !answer.id) {
            const why = answer.error && (Object.values(answer.error.fields || {})[0] || answer.error.message);
            bad(why || "没有传成", request.status >= 500 || request.status === 429);
            return;
          }
          whole(answer.id);
        };
        request.send(body);
      };
      send();
    };

    boxes.forEach((box) => box.addEventListener("change", () => {
      const chosen = Array.from(box.files);
      if (!chosen.length || !navigator.onLine) return; // offline: the files stay in the box and in the draft
      const room = most - list.children.length;
      chosen.slice(0, Math.max(0, room)).forEach(add);
      if (chosen.length > room) {
        const item = part("li", "", "");
        item.append(part("span", "file-state file-state--bad", `最多添加 ${most} 个，多出的 ${chosen.length - room} 个没有添加`));
        list.appendChild(item);
      }
      box.value = "";
    }));

    // What the server listed goes without a request too, and out of the draft on this device with it.
    list.addEventListener("click", (event) => {
      const button = event.target.closest('button[name="drop_attachment"]');
      if (!button) return;
      event.preventDefault();
      button.closest("li").remove();
      changed();
    });

    form.addEventListener("submit", (event) => {
      if (!sending.size) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      resume = event.submitter || form.querySelector('button[type="submit"]:not([name="drop_attachment"])');
      notice(`还有 ${sending.size} 份材料正在上传，传完后自动继续`);
    }, true);
  };

  Array.from(document.querySelectorAll("[data-upload]")).forEach(setUp);
})();
