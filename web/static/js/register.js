// Makes registering quicker: only the particulars of the chosen channel are shown, and what may have been said before
// appears while one types. Without this script every part is there to unfold, and a button asks for earlier cases.
(() => {
  "use strict";
  const form = document.querySelector("form[data-register]");
  if (!form) return;
  const all = (selector) => Array.from(form.querySelectorAll(selector));

  const channel = () => (form.querySelector('input[name="channel"]:checked') || {}).value || "";
  const fit = () => all("[data-channels]").forEach((part) => {
    const fits = part.dataset.channels.split(" ").includes(channel());
    part.hidden = !fits;
    part.open = fits;
  });
  all('input[name="channel"]').forEach((box, at) => {
    if (at === 0) box.accessKey = "1";
    box.addEventListener("change", fit);
  });
  fit();
  // A new form begins where the story begins; one that was sent back is not moved.
  const first = form.querySelector('input[name="channel"]:checked');
  if (first && !document.querySelector("[data-focus]") && !form.elements.title.value) first.focus({ preventScroll: true });

  // Browsers differ in which keys go with an access key (Alt, Alt and Shift): here it is Alt in all of them.
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.key.length !== 1) return;
    const box = all("[accesskey]").find((each) => each.accessKey === event.key.toLowerCase());
    if (!box) return;
    event.preventDefault();
    box.focus();
    if (box.type === "submit" || box.type === "file") box.click();
  });

  const place = form.querySelector("[data-hints]");
  const asked = ["title", "text", "person.name", "person.phone", "person.id_number"];
  let last = "";
  let timer = 0;
  const look = async () => {
    const said = new FormData();
    asked.concat(["kind", "related", "relation", "person.id_kind"]).forEach((name) => {
      const box = form.elements[name];
      if (box) said.set(name, box.value || "");
    });
    const words = asked.map((name) => said.get(name)).join("\n");
    if (words === last || words.replace(/\s/g, "").length < 8) return;
    last = words;
    try {
      const answer = await fetch("/desk/register/check", { method: "POST", body: said, redirect: "error" });
      if (answer.ok && !place.contains(document.activeElement)) place.innerHTML = await answer.text();
    } catch (e) { /* no network, or the session ended: the form goes on without hints */ }
  };
  asked.forEach((name) => form.elements[name].addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 500);
  }));
})();
