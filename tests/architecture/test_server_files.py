"""Do nginx and systemd files agree with the program's own bounds? nginx and systemd themselves read them where installed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest

from feedback.kernel.settings import Settings
from tests.stress.servers import free_port
from web.http.limits import FILE_FORMS
from web.wording import catalogue

DEPLOY = Path(__file__).parents[2] / "web" / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
UNITS = ("xinqiao-web.service", "xinqiao-worker@.service")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
MOST_EXPOSED = 2.0  # of 10; it was 8.7 before the units were confined


def directive(name: str) -> str:
    match = re.search(rf"^\s*{name}\s+([^;]+);", NGINX, re.MULTILINE)
    assert match, name
    return match[1].strip()


def test_the_proxy_has_the_bounds_of_the_program() -> None:
    settings = Settings()
    assert directive("client_max_body_size") == f"{settings.body_max_bytes // 1_000_000}m"
    count, size = directive("large_client_header_buffers").split()
    assert int(count) * int(size.removesuffix("k")) * 1000 == settings.request_head_max_bytes
    assert directive("client_header_timeout") == f"{settings.request_head_seconds:.0f}s"
    assert directive("client_body_timeout") == f"{settings.body_seconds:.0f}s"


def test_no_query_code_gets_into_a_log() -> None:
    log_format = re.findall(r"log_format xinqiao ([^;]+);", NGINX)[0]
    assert "$uri" in log_format
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", log_format)
    servers = NGINX.count("server_name xinqiao.example.gov.cn;")
    assert len(re.findall(r"^\s+access_log \S+ xinqiao;$", NGINX, re.MULTILINE)) == servers == 2


def test_the_host_keeps_its_port_and_nobody_says_where_he_comes_from() -> None:
    assert set(re.findall(r"proxy_set_header Host (\S+);", NGINX)) == {"$http_host"}
    assert set(re.findall(r"proxy_set_header X-Forwarded-For (\S+);", NGINX)) == {"$remote_addr"}


def test_figures_and_readiness_are_for_machines_inside() -> None:
    block = NGINX.split("location ~ ^/(metrics|readyz)$ {")[1].split("}")[0]
    assert re.findall(r"(allow|deny) (\S+);", block) == [("allow", "127.0.0.1"), ("allow", "::1"), ("deny", "all")]


def test_forms_with_files_are_the_same_pages_for_the_proxy_and_the_program() -> None:
    (pattern,) = re.findall(r"location ~ \^/(\(new/\S+)\$ \{", NGINX)
    pages = [
        "new/1",
        "new/2",
        "new/22",
        "case",
        "case/acts/rate",
        "case/acts/a/b",
        "desk/register",
        "desk/register/check",
        "desk/cases/1",
    ]
    pages += [f"desk/cases/1/{what}" for what in ("acts/reply", "preview", "letters", "links", "route", "acts")]
    by_proxy = [page for page in pages if re.fullmatch(pattern, page)]
    assert by_proxy == [page for page in pages if FILE_FORMS.fullmatch(f"/{page}")]
    assert by_proxy == ["new/2", "case/acts/rate", "desk/register", *pages[-6:-3]]


def test_what_the_proxy_refuses_for_a_program_is_json_with_our_codes() -> None:
    bodies = re.findall(r"return (\d+) '(\{.*\})';", NGINX)
    codes = {int(status): json.loads(body)["error"] for status, body in bodies}
    assert {status: error["code"] for status, error in codes.items()} == {
        413: "too_large",
        429: "too_many",
        503: "unavailable",
    }
    assert codes[413]["message"] == catalogue.error_words("too_large")
    assert codes[429]["message"] == catalogue.error_words("too_many", seconds=10)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_a_program_gets_json_from_the_proxy_while_nobody_stands_behind_it(tmp_path: Path) -> None:
    port = free_port()
    locations = NGINX[NGINX.index("    location / {") : NGINX.rindex("}")]
    server = f"listen 127.0.0.1:{port}; client_max_body_size 1k; access_log off;\n"
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in TEMPORARY)
    main = (
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\n"
        f"http {{ {temporary} server {{ {server} {locations.replace('127.0.0.1:8000', f'127.0.0.1:{free_port()}')} }} }}\n"
    )
    (tmp_path / "nginx.conf").write_text(main, "utf-8")
    command = ["nginx", "-c", str(tmp_path / "nginx.conf")]
    subprocess.run(command, check=True, capture_output=True)  # it returns when it listens
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            away = client.get("/api/v1/categories")
            large = client.post("/api/v1/cases", content=b"x" * 2000)
    finally:
        subprocess.run([*command, "-s", "stop"], check=True, capture_output=True)
    assert (away.status_code, away.headers["retry-after"]) == (503, "10")
    assert large.status_code == 413
    for response in (away, large):
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error"]["message"]


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx is not installed")
def test_nginx_itself_accepts_the_file(tmp_path: Path) -> None:
    pem = ["-keyout", str(tmp_path / "k.pem"), "-out", str(tmp_path / "c.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x", *pem]
    subprocess.run(command, check=True, capture_output=True)
    site = NGINX.replace("/etc/ssl/xinqiao/fullchain.pem", str(tmp_path / "c.pem"))
    site = site.replace("/etc/ssl/xinqiao/private.key", str(tmp_path / "k.pem")).replace(
        "/var/log/nginx", str(tmp_path)
    )
    (tmp_path / "site.conf").write_text(site, "utf-8")
    main = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{ include {tmp_path}/site.conf; }}\n"
    (tmp_path / "nginx.conf").write_text(main, "utf-8")
    result = subprocess.run(
        ["nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_the_units_confined(name: str, tmp_path: Path) -> None:
    unit = tmp_path / name
    unit.write_text((DEPLOY / name).read_text("utf-8").replace("/srv/xinqiao/.venv/bin/xinqiao", "/bin/true"), "utf-8")
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert level, result.stderr
    assert float(level[1]) <= MOST_EXPOSED
