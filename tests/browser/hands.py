"""How do people reach things in a page? With the keyboard alone, seeing at every stop where they are."""

from dataclasses import dataclass, field

from playwright.async_api import Page

STOPS_MOST = 120

_FOCUS = """(wanted) => {
  const at = document.activeElement;
  const ringed = (part) => {
    const style = getComputedStyle(part);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  };
  const box = at.getBoundingClientRect();
  const card = at.closest(".choice");
  return {
    there: at.matches(wanted),
    is_page: at === document.body,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && (ringed(at) || Boolean(card && ringed(card))),
    words: at.tagName.toLowerCase() + "#" + at.id + "." + at.className + " “" + (at.innerText || at.name || "").trim().slice(0, 20) + "”",
  };
}"""


@dataclass
class Keyboard:
    """Hands that hold no mouse. `unseen` collects the stops at which nothing showed where one is."""

    page: Page
    unseen: list[str] = field(default_factory=list)

    async def to(self, wanted: str) -> None:
        """Press Tab until that element has the focus."""
        for _ in range(STOPS_MOST):
            await self.page.keyboard.press("Tab")
            is_focused = await self.page.evaluate(_FOCUS, wanted)
            if not is_focused["seen"] and not is_focused["is_page"]:
                self.unseen.append(f"{self.page.url}: {is_focused['words']}")
            if is_focused["there"]:
                return
        raise AssertionError(f"{wanted} cannot be reached on {self.page.url}")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, wanted: str, words: str) -> None:
        """Go there and write."""
        await self.to(wanted)
        await self.page.keyboard.type(words)

    async def go(self, wanted: str, key: str = "Enter") -> None:
        """Go there, press it, and be on the page it leads to."""
        await self.to(wanted)
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press(key)

    async def focus_is_on(self, wanted: str) -> bool:
        return bool((await self.page.evaluate(_FOCUS, wanted))["there"])
