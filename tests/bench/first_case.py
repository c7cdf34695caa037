"""Does a running server take a complaint and bring it to its answer? A newcomer's first case, over HTTP.

python -m tests.bench.first_case http://127.0.0.1:8000
"""

import sys
import time
from typing import Any

import httpx2

TRIES, PAUSE_SECONDS = 100, 0.2


def main(base: str) -> int:
    with httpx2.Client(base_url=base, timeout=30) as client:
        no, code = _hand_in(client)
        unit = _assigned_unit(client, no, code)
        token = _logged_in(client, f"clerk-{unit}")
        _act(client, no, "accept", {}, token)
        _act(client, no, "reply", {"text": "您好，路灯已于今天修好，感谢提醒。"}, token)
        seen = _checked(client.get(f"/api/v1/cases/{no}", params={"code": code})).json()
    if "路灯已于今天修好" not in (seen["reply"] or ""):
        print("the citizen cannot read the answer", seen, file=sys.stderr)
        return 1
    print(f"case {no}: handed in, answered by {unit}, read by the citizen")
    return 0


def _hand_in(client: httpx2.Client) -> tuple[str, str]:
    body = {
        "kind": "help",
        "title": "清河路路灯不亮",
        "text": "清河路上三盏路灯坏了一周，晚上孩子放学看不清路，请维修。",
        "channel": "app",
        "person": {"name": "安小娜", "phone": "13900001234"},
    }
    receipt = _checked(client.post("/api/v1/cases", json=body)).json()
    return receipt["no"], receipt["code"]


def _assigned_unit(client: httpx2.Client, no: str, code: str) -> str:
    """The unit it went to by itself, else the one reception sends it to."""
    for _ in range(TRIES):
        seen = _checked(client.get(f"/api/v1/cases/{no}", params={"code": code})).json()
        if seen["unit"]:
            return str(seen["unit"]["code"])
        if seen["category"]:
            break
        time.sleep(PAUSE_SECONDS)
    _act(client, no, "assign", {"unit": "chengguan"}, _logged_in(client, "reception"))
    return "chengguan"


def _logged_in(client: httpx2.Client, username: str) -> str:
    body = {"username": username, "password": "demo"}
    return str(_checked(client.post("/api/v1/sessions", json=body)).json()["token"])


def _act(client: httpx2.Client, no: str, act: str, body: dict[str, Any], token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    _checked(client.post(f"/api/v1/cases/{no}/acts/{act}", json=body, headers=headers))


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.is_error:
        raise SystemExit(f"{response.request.url}: {response.status_code} {response.text[:500]}")
    return response


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
