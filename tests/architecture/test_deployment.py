"""Do container files, catalogue entry, hooks and versions agree with the program?

No Docker daemon is asked: the files are read, and `docker-compose config` checks them where it is installed.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from feedback.kernel import settings as settings_table

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
ENTRYPOINT = ROOT / "web" / "deploy" / "container-entrypoint.sh"
OURS = ("migrate", "web", "worker")
IS_CI = os.environ.get("CI") == "true"
NEEDS_COMPOSE = pytest.mark.skipif(
    not IS_CI and not shutil.which("docker-compose"), reason="docker-compose is not installed"
)


def test_the_services_are_web_worker_database_and_redis_after_a_migration() -> None:
    assert set(SERVICES) == {"migrate", "web", "worker", "postgres", "redis"}
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
        }


@pytest.mark.parametrize("name", ["web", "worker", "postgres", "redis"])
def test_what_runs_for_long_is_restarted_and_its_health_is_asked_for(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert "healthcheck" in SERVICES[name] or (name == "web" and "/readyz" in DOCKERFILE)
    assert SERVICES[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_run_in_production_without_rights_and_without_a_secret_in_the_file(name: str) -> None:
    service = SERVICES[name]
    assert service["environment"]["XINQIAO_ENV"] == "production"
    assert not {"XINQIAO_SECRET", "XINQIAO_DATABASE_URL"} & set(service["environment"])
    assert service["secrets"] == ["xinqiao_secret", "postgres_password"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_every_setting_in_the_compose_file_is_one_of_the_program() -> None:
    known = {row["name"] for row in settings_table.list_settings()}
    assert set(SERVICES["web"]["environment"]) <= known


def test_volumes_and_secrets_that_are_used_are_declared() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert {secret for service in SERVICES.values() for secret in service.get("secrets", [])} == set(COMPOSE["secrets"])


def test_the_image_installs_by_the_lock_and_runs_as_nobody_special() -> None:
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert "/readyz" in DOCKERFILE


def test_whatever_the_image_copies_is_in_the_tree_and_not_ignored() -> None:
    sources = [
        word
        for line in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    assert sources
    assert not [source for source in sources if not (ROOT / source).exists()]
    assert not [source for source in sources if source.partition("/")[0] not in allowed]


@NEEDS_COMPOSE
@pytest.mark.parametrize("files", [["compose.yaml"], ["compose.yaml", ".devcontainer/compose.yaml"]])
def test_compose_itself_accepts_the_files(files: list[str]) -> None:
    options = [option for name in files for option in ("--file", str(ROOT / name))]
    result = subprocess.run(
        ["docker-compose", *options, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_entrypoint_turns_mounted_secrets_into_settings(tmp_path: Path) -> None:
    (tmp_path / "xinqiao_secret").write_text("s" * 40 + "\n", "utf-8")
    (tmp_path / "postgres_password").write_text("word\n", "utf-8")
    command = ["/bin/sh", str(ENTRYPOINT), "sh", "-c", 'echo "$XINQIAO_SECRET $XINQIAO_DATABASE_URL"']
    result = subprocess.run(command, env={"SECRETS_FOLDER": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["s" * 40, "postgres://xinqiao:word@postgres:5432/xinqiao"]


def test_the_entrypoint_leaves_a_database_address_that_is_set_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").write_text("word\n", "utf-8")
    environment = {"SECRETS_FOLDER": str(tmp_path), "XINQIAO_DATABASE_URL": "postgres://other/name"}
    command = ["/bin/sh", str(ENTRYPOINT), "sh", "-c", 'echo "$XINQIAO_DATABASE_URL"']
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "postgres://other/name"


def test_the_development_container_uses_the_compose_file() -> None:
    folder = ROOT / ".devcontainer"
    container = json.loads((folder / "devcontainer.json").read_text("utf-8"))
    assert container["dockerComposeFile"] == ["../compose.yaml", "compose.yaml"]
    added = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))["services"]
    assert container["service"] in added
    assert set(container["runServices"]) <= set(SERVICES)


def test_the_hooks_are_local_and_their_tools_are_ours() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = {hook["id"]: hook["entry"] for hook in repositories[0]["hooks"]}
    assert set(hooks) == {"ruff", "ruff-format", "mypy", "import-contracts", "commit-message"}
    assert all(entry.startswith(".venv/bin/") for entry in hooks.values())
    assert (ROOT / hooks["commit-message"].split()[1]).exists()


def test_the_catalogue_entry_has_what_the_standard_asks_for() -> None:
    entry = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    asked = {"publiccodeYmlVersion", "name", "platforms", "developmentStatus", "softwareType", "description", "legal"}
    assert asked | {"maintenance", "localisation"} <= set(entry)
    for language, words in entry["description"].items():
        assert len(words["shortDescription"]) <= 150, language
        assert 150 <= len(words["longDescription"]) <= 10_000 or language == "zh", language
        assert words["features"]
    assert entry["maintenance"]["type"] in ("internal", "contract", "community", "none")


def test_one_version_stands_everywhere() -> None:
    entry = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    newest = re.findall(r"^## (\d\S+) \((.+)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[0]
    assert newest == (VERSION, str(entry["releaseDate"]))
    assert entry["softwareVersion"] == VERSION
    assert {SERVICES[name]["image"] for name in OURS} == {f"xinqiao:{VERSION}"}
