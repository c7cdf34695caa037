"""Does a thousand wrong passwords at once find one, or keep the owner out? Asked of a running server.

    python -m tests.stress.wrong_logins [--tries 1000] [--database URL]

Starts a server with the demo town, believes it to stand behind a proxy, and sends all tries in parallel: first from one
address, then each from an address of its own. Meanwhile the owner logs in on a device on which he did before.
Prints the answers, how many tries were looked at, and the slowest answer the owner got as a ratio to the one before.
Exit 1 when more were looked at than the settings allow, an answer was a failure, or the owner was kept out.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2

from feedback.kernel.settings import Settings
from tests.stress.servers import Server, free_port, install

USERNAME, PASSWORD = "reception", "demo"
AT_ONCE = 100
OWNER_ADDRESS = "198.51.100.7"


def one_address(number: int) -> str:
    return "203.0.113.5"


def own_address(number: int) -> str:
    return f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"


async def log_in(client: httpx2.AsyncClient, address: str, password: str) -> tuple[str, float]:
    """The code of the refusal, or "" for a session; and the seconds it took."""
    start = time.perf_counter()
    body = {"username": USERNAME, "password": password}
    response = await client.post("/api/v1/sessions", json=body, headers={"X-Forwarded-For": address})
    seconds = time.perf_counter() - start
    if response.status_code == 201:
        return "", seconds
    if response.status_code >= 500:
        return str(response.status_code), seconds
    return str(response.json()["error"]["code"]), seconds


async def guess(base: str, tries: int, address: Callable[[int], str]) -> Counter[str]:
    """The answers to that many wrong passwords, sent at once."""
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(base_url=base, timeout=120, limits=limits) as client:
        answers = await asyncio.gather(*(log_in(client, address(n), f"wrong {n}") for n in range(tries)))
    return Counter(code for code, _ in answers)


async def log_in_page(owner: httpx2.AsyncClient) -> tuple[str, float]:
    """As a browser does, which is known by its cookie. "" for a session, else the status; and the seconds it took."""
    start = time.perf_counter()
    form = {"username": USERNAME, "password": PASSWORD}
    response = await owner.post("/login", data=form, headers={"X-Forwarded-For": OWNER_ADDRESS})
    return "" if response.status_code == 303 else str(response.status_code), time.perf_counter() - start


async def visit(owner: httpx2.AsyncClient, ended: asyncio.Event) -> list[tuple[str, float]]:
    """The owner's log-ins on the known device, one after the other, until the guessing ends."""
    answers: list[tuple[str, float]] = []
    while not ended.is_set():
        answers.append(await log_in_page(owner))
        await asyncio.sleep(0.5)
    return answers


async def measure(base: str, tries: int, attempts: int) -> bool:
    """Print what happened. Returns whether it holds."""
    async with httpx2.AsyncClient(base_url=base, timeout=120) as owner:
        refusal, ordinary = await log_in_page(owner)  # from now on the device is known
        is_safe = not refusal
        for address, most in ((one_address, attempts), (own_address, attempts * 10)):
            ended = asyncio.Event()
            visits = asyncio.create_task(visit(owner, ended))
            start = time.perf_counter()
            answers = await guess(base, tries, address)
            seconds = time.perf_counter() - start
            ended.set()
            logins = await visits
            refused = [code for code, _ in logins if code]
            slowest = max(taken for _, taken in logins)
            looked_at = answers["wrong_password"] + answers[""]
            print(
                f"{address.__name__}: {tries} wrong passwords in {seconds:.1f} s: {dict(answers)}, {looked_at} looked at"
            )
            print(f"  owner: {len(logins)} log-ins, refused {refused or 'none'}, slowest ×{slowest / ordinary:.1f}")
            failures = sum(count for code, count in answers.items() if code.startswith("5"))
            is_safe &= looked_at <= most and not failures and not refused
    return is_safe


async def run(tries: int, database: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"XINQIAO_DATA": folder, "XINQIAO_TRUST_PROXY": "1", "XINQIAO_LOG_LEVEL": "error"}
        if database:
            environment["XINQIAO_DATABASE_URL"] = database
        settings = Settings.read(environment)
        await install(settings)
        server = Server(environment, free_port(), log=Path(folder) / "server.log")
        server.start()
        try:
            if not await server.wait_until_serving():
                print(server.logged()[-2000:])
                return False
            return await measure(server.base, tries, settings.login_attempts)
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--database", default="", help="address of an empty PostgreSQL database; SQLite without")
    options = parser.parse_args()
    return 0 if asyncio.run(run(options.tries, options.database)) else 1


if __name__ == "__main__":
    sys.exit(main())
