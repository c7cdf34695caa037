// Sends chosen files at once, with progress, cancel and retry; large photos are made smaller first.
// [data-upload] is the row of the macro `file`; the server's id rides along as a hidden "attachments".
(() => {
  "use strict";
  const SHRINK_OVER = 4000000;
  const LONGEST = 2560;

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

  const setUp = (row) => {
    const box = row.querySelector('input[type="file"]');
    const list = row.querySelector(".files");
    const most = Number(row.dataset.most);
    const max = Number(row.dataset.max);
    const form = box.form;
    let under = 0;

    const part = (tag, className, words) => {
      const made = document.createElement(tag);
      made.className = className;
      if (words) made.textContent = words;
      return made;
    };

    const add = (file) => {
      const item = document.createElement("li");
      const state = part("span", "file-state", "准备中");
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", `${file.name} 上传进度`);
      const button = part("button", "btn btn--small", "取消");
      button.type = "button";
      item.append(part("span", "file-name", file.name), bar, state, button);
      list.appendChild(item);
      let request = null;
      let going = false;

      const bad = (words, again) => {
        bar.hidden = true;
        state.className = "file-state file-state--bad";
        state.textContent = words;
        window.xqSay(`${file.name}：${words}`);
        button.textContent = again ? "重试" : "移除";
        button.onclick = again ? send : () => item.remove();
      };
      const over = () => { if (going) { going = false; under -= 1; } };

      const send = async () => {
        going = true;
        under += 1;
        bar.hidden = false;
        bar.value = 0;
        state.className = "file-state";
        button.textContent = "取消";
        button.onclick = () => { over(); if (request) request.abort(); item.remove(); };
        const ready = await smaller(file);
        if (!going) return;
        if (ready.size > max) { over(); bad(`文件 ${size(ready.size)}，超过 ${size(max)} 上限`, false); return; }
        const body = new FormData();
        body.append("file", ready, ready.name);
        request = new XMLHttpRequest();
        request.open("POST", row.dataset.upload);
        request.timeout = 120000;
        request.upload.onprogress = (event) => {
          if (!event.lengthComputable) return;
          bar.value = Math.round((event.loaded / event.total) * 100);
          state.textContent = `${bar.value}%`;
        };
        request.onerror = () => { over(); bad("网络中断，没有传完", true); };
        request.ontimeout = request.onerror;
        request.onload = () => {
          over();
          let answer = {};
          try { answer = JSON.parse(request.responseText); } catch (e) { /* not ours: shown as a failure below */ }
          if (request.status !== 201 || !answer.id) {
            const why = answer.error && (Object.values(answer.error.fields || {})[0] || answer.error.message);
            bad(why || "没有传成", request.status >= 500 || request.status === 429);
            return;
          }
          const hidden = document.createElement("input");
          hidden.type = "hidden";
          hidden.name = "attachments";
          hidden.value = answer.id;
          item.appendChild(hidden);
          bar.hidden = true;
          state.className = "file-state file-state--ok";
          state.textContent = `${size(ready.size)} 已上传`;
          window.xqSay(`${file.name} 已上传`);
          button.textContent = "删除";
          button.onclick = () => { item.remove(); form.dispatchEvent(new Event("change")); };
          form.dispatchEvent(new Event("change"));
        };
        request.send(body);
      };
      send();
    };

    box.addEventListener("change", () => {
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
    });

    form.addEventListener("submit", (event) => {
      if (!under) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      window.xqSay("还有材料正在上传，请稍候再提交");
      const first = list.querySelector("progress:not([hidden])");
      if (first) first.scrollIntoView({ block: "center" });
    }, true);
  };

  Array.from(document.querySelectorAll("[data-upload]")).forEach(setUp);
})();
