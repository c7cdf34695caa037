"""What does one look at a page find? Rules of WCAG by axe, sizes of targets and text, overflow, complaints of the browser.

A page is loaded once; widths are sizes of the window and reading modes attributes of <html>, so each is set in turn.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request, Response

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text("utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PHONE, DESKTOP, NARROWEST, HEIGHT = 390, 1280, 320, 800
STANDARD, ELDER, HIGH = ("std", "std"), ("elder", "std"), ("std", "high")
MODES: Mapping[str, tuple[str, str]] = {"standard": STANDARD, "elder": ELDER, "high contrast": HIGH}
_ALL_RULES = {"type": "tag", "values": list(RULES)}
_STYLE_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block", "target-size"]}
"""What a reading mode can break: it changes colours and sizes, never names, roles or the order of the page."""
TAP, ELDER_TAP, ELDER_TEXT = 44, 60, 18

_AXE_RUN = """async (only) => {
  const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
  return found.violations.map(v => v.id + ": " + v.nodes.length + " × " + v.nodes.slice(0, 3).map(
    n => n.target.join(" ") + " [" + n.any.concat(n.all, n.none).map(c => c.message).slice(0, 2).join("; ") + "]").join(" | "));
}"""

_SET_MODE = """([size, contrast]) => {
  document.documentElement.dataset.size = size;
  document.documentElement.dataset.contrast = contrast;
}"""

_UNFOLD = "() => document.querySelectorAll('details').forEach(part => { part.open = true; })"

# A link inside a sentence is text and keeps the line's height (the inline exception of WCAG 2.5.8); with a mouse so is a
# link in the cell of a dense table. A box and the label that belongs to it are one target.
_SMALL_TARGETS = """([least, dense]) => {
  const clipped = (part) => part && (getComputedStyle(part).clip === "rect(0px, 0px, 0px, 0px)" || clipped(part.parentElement));
  const shown = (box) => box.width > 1 && box.height > 1;
  const found = [];
  document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary").forEach((target) => {
    const style = getComputedStyle(target);
    if (style.visibility === "hidden" || target.closest("[hidden]") || target.disabled) return;
    if (target.tagName === "A" && (style.display === "inline" || (dense && target.closest("td, th")))) return;
    if (clipped(target)) return;
    const boxes = [target.getBoundingClientRect()];
    if (!shown(boxes[0])) return;
    if (target.classList.contains("skip")) return;
    (target.labels && ["checkbox", "radio"].includes(target.type) ? Array.from(target.labels) : [])
      .forEach((label) => boxes.push(label.getBoundingClientRect()));
    const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
    if (height < least - 0.5) {
      const words = (target.innerText || target.getAttribute("aria-label") || target.name || "").trim().slice(0, 16);
      found.push(target.tagName.toLowerCase() + "." + target.className + " “" + words + "” " + height.toFixed(1) + " px");
    }
  });
  return found;
}"""

SMALL_TEXT = """(least) => {
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const parent = walker.currentNode.parentElement;
    if (!text || parent.closest("script, style, .sr, option, [hidden]")) continue;
    const box = parent.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(parent).visibility === "hidden") continue;
    let size = parseFloat(getComputedStyle(parent).fontSize);
    const drawing = parent.closest("svg");
    if (drawing && drawing.viewBox.baseVal.width) size *= drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
    if (size < least - 0.05) found.set(parent.tagName + "." + (parent.className.baseVal ?? parent.className), text.slice(0, 16) + " " + size.toFixed(1) + " px");
  }
  return Array.from(found).map(([where, what]) => where + " “" + what);
}"""

_SIDEWAYS = """() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = Array.from(document.querySelectorAll("body *")).filter((part) => {
    const box = part.getBoundingClientRect();
    return box.right > root.clientWidth + 0.5 && box.width > 1 && !part.closest(".table-wrap, .tabs, .sr");
  });
  return [root.scrollWidth + " px: " + wide.slice(0, 4).map((part) => part.tagName.toLowerCase() + "." + part.className).join(", ")];
}"""


# axe looks at ids only where something refers to them; a browser follows every label and every link in the page.
_LOOSE_ENDS = """() => {
  const seen = new Map();
  document.querySelectorAll("[id]").forEach((part) => seen.set(part.id, (seen.get(part.id) || 0) + 1));
  const twice = Array.from(seen).filter(([, times]) => times > 1).map(([id, times]) => "id " + id + " " + times + " times");
  const refers = ["for", "aria-describedby", "aria-labelledby", "aria-controls", "list"];
  const loose = [];
  refers.forEach((name) => document.querySelectorAll("[" + name + "]").forEach((part) => {
    part.getAttribute(name).split(/\\s+/).forEach((id) => { if (id && !seen.has(id)) loose.push(name + " " + id + " leads nowhere"); });
  }));
  document.querySelectorAll("a[href^='#']").forEach((link) => {
    const id = decodeURIComponent(link.getAttribute("href").slice(1));
    if (id && !seen.has(id)) loose.push("link #" + id + " leads nowhere");
  });
  return twice.concat(Array.from(new Set(loose)));
}"""


@dataclass
class Findings:
    """What is wrong with one page, by concern."""

    axe: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    sideways: list[str] = field(default_factory=list)
    loose_ends: list[str] = field(default_factory=list)


@contextmanager
def complaints_of(page: Page, expected: int = 200) -> Iterator[list[str]]:
    """All that goes wrong in a page: errors on the console, of scripts, of requests, and questions to other hosts.

    `expected` is the status the page itself may have: a form shown again is a 422, and the console says so too.
    """
    complaints: list[str] = []
    pages: list[int] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if expected >= 400 and f"status of {expected}" in message.text:
            return
        if "blocked by Playwright" in message.text:  # a survey wants no service worker between itself and the server
            return
        complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_response(response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if is_page and response.frame == page.main_frame and not 300 <= response.status < 400:
            pages.append(response.status)
        # A step of the form is sent by a script where there is one: the page that stands is given the answer's.
        is_own = is_page or urlsplit(response.url).path == urlsplit(page.url).path
        if response.status >= 400 and not (is_own and response.status == expected):
            complaints.append(f"{response.status} for {response.url}")

    def on_failed(request: Request) -> None:
        # A stream that ends because its page was left has not failed.
        if "ERR_ABORTED" not in str(request.failure):
            complaints.append(f"{request.failure}: {request.url}")

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            complaints.append(f"asks another host: {request.url}")

    listeners: dict[str, Any] = {
        "console": on_console,
        "pageerror": lambda fault: complaints.append(f"script: {fault}"),
        "response": on_response,
        "requestfailed": on_failed,
        "request": on_request,
    }
    for name, listener in listeners.items():
        page.on(name, listener)  # type: ignore[call-overload] # one name of a listed set at a time
    try:
        yield complaints
        if pages and pages[-1] != expected:
            complaints.append(f"the page answered {pages[-1]}, not {expected}")
    finally:
        for name, listener in listeners.items():
            page.remove_listener(name, listener)


async def look(page: Page, width: int, findings: Findings) -> None:
    """Look at the page as it stands, in every reading mode."""
    await page.evaluate(_UNFOLD)
    await page.evaluate(AXE)
    findings.loose_ends += [f"{width} px: {fault}" for fault in await page.evaluate(_LOOSE_ENDS)]
    for mode, attributes in MODES.items():
        where = f"{width} px, {mode}"
        await page.evaluate(_SET_MODE, attributes)
        rules = _ALL_RULES if mode == "standard" else _STYLE_RULES
        findings.axe += [f"{where}: {fault}" for fault in await page.evaluate(_AXE_RUN, rules)]
        if mode == "high contrast":
            continue
        least = ELDER_TAP if mode == "elder" else TAP
        asked = [least, width == DESKTOP and mode == "standard"]
        findings.targets += [f"{where}: {fault}" for fault in await page.evaluate(_SMALL_TARGETS, asked)]
        if mode == "elder":
            findings.text += [f"{where}: {fault}" for fault in await page.evaluate(SMALL_TEXT, ELDER_TEXT)]
        findings.sideways += [f"{where}: {fault}" for fault in await page.evaluate(_SIDEWAYS)]
        if width == PHONE:
            await page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
            findings.sideways += [f"{NARROWEST} px, {mode}: {f}" for f in await page.evaluate(_SIDEWAYS)]
            await page.set_viewport_size({"width": width, "height": HEIGHT})
