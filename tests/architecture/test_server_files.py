"""Do nginx and systemd files agree with the program's own bounds? nginx and systemd themselves read them where installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from feedback.kernel.settings import Settings

DEPLOY = Path(__file__).parents[2] / "web" / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
UNITS = ("xinqiao-web.service", "xinqiao-worker@.service")
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
