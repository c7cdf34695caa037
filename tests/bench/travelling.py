"""A house that is shut and opened again on later days, browsers without scripts before it, and a list of what was seen.

The tools of `tests.bench.live_travel`. Everything goes over HTTP to the real server in a process of its own, whose
worker runs inside; only the empty house is furnished beforehand, as an installation is.
"""

import asyncio
import io
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from feedback.kernel.settings import Settings
from tests.stress.servers import clean_environment, free_port, install

READY_SECONDS = 90
WAIT_SECONDS = 60
OK, FOUND_ELSEWHERE, FORBIDDEN = 200, 303, 403
Seen = TypeVar("Seen")


class BrokenOffError(Exception):
    """The story cannot go on: a page, a button or a letter is missing."""


@dataclass
class Notes:
    """What was looked at, what was wrong, and the letters on the way."""

    folder: Path
    looks: int = 0
    wrong: list[str] = field(default_factory=list)

    def stop(self, moment: str, words: str) -> None:
        print(f"\n{moment}  {words}", flush=True)

    def same(self, what: str, got: object, wanted: object) -> None:
        self._look(got == wanted, f"{what}: {got}" + ("" if got == wanted else f", wanted {wanted}"))

    def says(self, what: str, page: str, *wanted: str, never: tuple[str, ...] = ()) -> None:
        """The page says each of the words, and none of `never`; spaces and line breaks do not count."""
        text = squeezed(page)
        missing = [words for words in wanted if squeezed(words) not in text]
        there = [words for words in never if squeezed(words) in text]
        rest = "".join(f", does not say “{m}”" for m in missing) + "".join(f", says “{t}”" for t in there)
        self._look(not missing and not there, f"{what}: {'、'.join(wanted)}" + rest)

    def _look(self, is_right: bool, line: str) -> None:
        self.looks += 1
        print(f"  {'✓' if is_right else '✗'} {line}", flush=True)
        if not is_right:
            self.wrong.append(line)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def plain(html: str) -> str:
    """What a page says: its text without the marks."""
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style)\b.*?</\1>", "", html)))


class House:
    """An installation, opened at one moment after the other on the same data."""

    def __init__(self, folder: Path, database: str) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.named = {
            "XINQIAO_DATA": str(folder),
            "XINQIAO_LOG_LEVEL": "error",
            "XINQIAO_AUTOMATIC": "suggest",
            **({"XINQIAO_DATABASE_URL": database} if database else {}),
        }
        self.environment = {**clean_environment(), **self.named, "XINQIAO_PORT": str(self.port)}

    def furnish(self, moment: str) -> None:
        """Tables, calendar, units and people; no case yet."""
        asyncio.run(install(Settings.read({**self.named, "XINQIAO_NOW": moment})))

    @contextmanager
    def at(self, moment: str) -> Iterator[None]:
        """The server runs, and believes that it is that moment."""
        process = subprocess.Popen(
            [sys.executable, "-m", "web", "serve"],
            env={**self.environment, "XINQIAO_NOW": moment},
            stdout=subprocess.DEVNULL,
        )
        try:
            self._wait_until_ready(process)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx2.get(f"{self.base}/readyz", timeout=5).status_code == OK:
                    return
            except httpx2.HTTPError:
                time.sleep(0.1)
        raise BrokenOffError("the server does not start")

    def run(self, *verb: str) -> int:
        """The exit code of a command on the same data."""
        return subprocess.run([sys.executable, "-m", "web", *verb], env=self.environment, check=False).returncode

    def citizen(self) -> "Browser":
        return Browser(self.base)

    @contextmanager
    def staff(self, name: str) -> Iterator["Browser"]:
        """A member of staff, logged in through the page."""
        with Browser(self.base) as browser:
            browser.post("/login", {"username": name, "password": "demo"})
            yield browser

    def kpis(self, period: str) -> Mapping[str, Any]:
        """The key figures as the API tells the overseer, by unit."""
        with httpx2.Client(base_url=self.base, timeout=60) as client:
            token = client.post("/api/v1/sessions", json={"username": "supervisor", "password": "demo"}).json()["token"]
            bearer = {"Authorization": f"Bearer {token}"}
            body = client.get("/api/v1/kpis", params={"period": period}, headers=bearer).json()
        return {row["unit"]: row["figures"] for row in body["units"]}


class Browser:
    """A browser without scripts, which says where its forms come from as every browser does."""

    def __init__(self, base: str) -> None:
        origin = {"Origin": base, "Sec-Fetch-Site": "same-origin"}
        self.client = httpx2.Client(base_url=base, timeout=60, headers=origin)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str) -> str:
        return self._seen(self.client.get(path, follow_redirects=True), OK).text

    def post(self, path: str, form: Mapping[str, str]) -> str:
        """Send a form. Returns where it leads."""
        return self._seen(self.client.post(path, data=dict(form)), FOUND_ELSEWHERE).headers["location"]

    def is_refused_from_elsewhere(self, path: str) -> bool:
        """Whether a form that another site's page sends is refused."""
        foreign = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        return self.client.post(path, data={"version": "1"}, headers=foreign).status_code == FORBIDDEN

    def offers(self, page: str) -> list[str]:
        """The acts a page has a form for."""
        return sorted(set(re.findall(r'id="act-(\w+)"', self.get(page))))

    def press(self, page: str, act: str, **typed: str) -> None:
        """Fill in the form of an act as the page has it, and send it."""
        html = self.get(page)
        match = re.search(rf'(?s)<form[^>]*action="([^"]*/acts/{act})".*?</form>', html)
        if match is None:
            raise BrokenOffError(f"{page} has no form for {act}")
        form, asked = match[0], set(re.findall(r'name="([\w.]+)"', match[0]))
        if strange := set(typed) - asked:
            raise BrokenOffError(f"the form for {act} does not ask for {sorted(strange)}")
        for name, value in typed.items():
            choice = re.search(rf'(?s)<select[^>]*name="{name}".*?</select>', form)
            if choice and f'value="{value}"' not in choice[0]:
                raise BrokenOffError(f"the form for {act} does not offer {value} as {name}")
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        self.post(match[1], hidden | typed)

    def letter(self, page: str, title: str) -> "Letter":
        """The letter of that title on a page, once it is issued, as PDF."""

        def look() -> re.Match[str] | None:
            return re.search(
                rf'(?s)<strong>{title}</strong>.*?<span class="muted small">\s*(.*?)</span>.*?href="([^"]+\.pdf)"',
                self.get(page),
            )

        path = wait(look, f"{page} has no letter “{title}”")
        got = self._seen(self.client.get(path[2]), OK)
        return Letter(title, plain(path[1]).split("　")[0].strip(), got.content)

    def _seen(self, response: httpx2.Response, status: int) -> httpx2.Response:
        if response.status_code != status:
            where = f"{response.request.method} {response.request.url}"
            raise BrokenOffError(f"{where}: {response.status_code}, wanted {status}\n{plain(response.text)[:600]}")
        return response


@dataclass(frozen=True)
class Letter:
    """An official letter as somebody downloaded it."""

    title: str
    number: str
    content: bytes

    @property
    def text(self) -> str:
        from pypdf import PdfReader

        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(self.content)).pages)

    def keep(self, folder: Path) -> None:
        (folder / f"{self.title}.pdf").write_bytes(self.content)


def wait(look: Callable[[], Seen | None], else_: str) -> Seen:
    """What `look` finds, once it finds something: the worker carries out what follows a moment later."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if result := look():
            return result
        time.sleep(0.2)
    raise BrokenOffError(else_)
