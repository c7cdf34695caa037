"""Is a district provisioned from files, all or nothing, and can its staff log in?"""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedback.kernel.errors import Invalid, NotFound
from feedback.kernel.settings import Settings
from routing import directory
from tests.conftest import fresh
from tests.people import Door
from tests.web.table_files import make_xlsx
from web import bootstrap
from web.auth import accounts, sessions
from web.auth.login_attempts import LoginSource
from web.context import AppContext
from web.demo.seed import TOWN
from web.imports import provisioning, staff_files
from web.imports.file_faults import FaultyError

SOURCE = LoginSource("127.0.0.1")
STAFF = """username,name,unit,roles,everywhere,cleared,mail
wang,王小明,jiaoyu,clerk lead,,,wang@example.cn
li,李四,rexian,reception,,是,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo town's own files as those of a new district, with two people."""
    made = tmp_path / "district"
    shutil.copytree(TOWN, made)
    (made / "staff.csv").write_text(STAFF, "utf-8")
    return made


@pytest.fixture
async def empty(blank: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """An installation with nothing in it."""
    async with fresh(blank, tmp_path) as settings:
        yield settings


def _changed(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


async def test_a_district_begins_and_its_people_log_in(folder: Path, empty: Settings) -> None:
    async with bootstrap.open_context(empty) as context:
        district = provisioning.read_district(folder)
        await provisioning.provision(context, district, author="found")
        passwords: dict[str, str] = {}
        await provisioning.employ_staff(district.people, passwords.update, now=context.clock.now())
        assert set(passwords) == {"wang", "li"}
        session = await sessions.log_in(context, "wang", passwords["wang"], source=SOURCE)
        assert session.actor.unit == "jiaoyu"
        assert (
            await provisioning.employ_staff(district.people, passwords.update, now=context.clock.now()) == 0
        )  # who has an account keeps its password
        assert await sessions.find_actor_by_token(context, session.token)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        pytest.param("units.toml", 'level = "province"', 'level = "planet"', "level 不认识 'planet'", id="a level"),
        pytest.param("units.toml", 'short = "省政府办"', "", "缺少 short", id="a field that is missing"),
        pytest.param("units.toml", "phone =", "fone =", "没有 fone 这一项", id="a field misspelt"),
        pytest.param("units.toml", '"1701"', '"9999"', "没有 9999 这种内容分类", id="a heading"),
        pytest.param("routes.toml", 'lead = "jiwei"', 'lead = "nobody"', "没有单位 nobody", id="a unit"),
        pytest.param("routes.toml", 'kind = "report"', 'kind = "gossip"', "没有诉求类型 gossip", id="a kind"),
        pytest.param("regions.toml", 'parent = "990000000000"', 'parent = "1"', "上级 1 不在文件里", id="a parent"),
        pytest.param("regions.toml", "[[region]]", "[[region]", "TOML", id="no TOML"),
        pytest.param("staff.csv", "clerk lead", "clerk king", "king", id="a role"),
        pytest.param("staff.csv", "jiaoyu", "moon", "没有单位 moon", id="somebody's unit"),
        pytest.param("staff.csv", "li,", "wang,", "出现了 2 次", id="a name twice"),
        pytest.param("staff.csv", "roles", "jobs", "缺少栏目 roles", id="a heading of the list of people"),
    ],
)
def test_a_fault_is_reported_with_its_place(folder: Path, name: str, old: str, new: str, message: str) -> None:
    _changed(folder, name, old, new)
    with pytest.raises(FaultyError) as wrong:
        provisioning.read_district(folder)
    assert any(fault.where.startswith(name) and message in fault.what for fault in wrong.value.faults), str(wrong.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("staff.csv", STAFF.replace(",", "\t").encode("utf-16"), id="Unicode text of Excel"),
        pytest.param("staff.csv", STAFF.replace("\n", "\r").encode("gbk"), id="GBK with lone carriage returns"),
        pytest.param(
            "staff.xlsx",
            make_xlsx(
                {
                    "说明": [["角色用空格隔开"]],
                    "名单": [
                        ["云川区工作人员名单"],
                        ["账号", "姓名", "单位代码", "角色", "全部地区", "可办检举控告", "邮箱", "手机"],
                        ["wang", "王小明", "jiaoyu", "经办人、单位负责人", "否", "", "wang@example.cn", 13800001111],
                        ["li", "李四", "rexian", "受理窗口", "", "√", "", ""],
                    ],
                }
            ),
            id="a workbook with Chinese headings below a title",
        ),
    ],
)
def test_a_list_of_staff_is_read_from_any_table(folder: Path, name: str, content: bytes) -> None:
    expected = staff_files.read_people(folder / "staff.csv").rows
    assert [person.username for person in expected] == ["wang", "li"]
    (folder / "staff.csv").unlink()
    (folder / name).write_bytes(content)
    district = provisioning.read_district(folder)
    assert district.people == expected
    assert district.unused_headings == (("手机",) if name == "staff.xlsx" else ())


def test_a_line_of_staff_that_cannot_be_read_is_named_and_nothing_is_taken_for_no(folder: Path) -> None:
    _changed(folder, "staff.csv", "李四", '"李四')
    _changed(folder, "staff.csv", "lead,,,", "lead,大概,,")
    with pytest.raises(FaultyError) as wrong:
        staff_files.read_people(folder / "staff.csv")
    assert [str(fault) for fault in wrong.value.faults] == [
        "staff.csv 第 3 行：引号没有配对，请补上或删去这一行的引号",
        "staff.csv 第 2 行：everywhere 应为 是 或 否，写成了 大概",
    ]


@pytest.mark.parametrize("name", ["import", "system", "Citizen"])
async def test_nobody_gets_a_name_under_which_the_system_records(folder: Path, context: AppContext, name: str) -> None:
    _changed(folder, "staff.csv", "wang", name)
    sentence = f"staff.csv {name}：账号 {name} 由系统自己使用，请换一个账号"
    with pytest.raises(FaultyError) as wrong:
        provisioning.read_district(folder)
    assert [str(fault) for fault in wrong.value.faults] == [sentence]
    people = staff_files.read_people(folder / "staff.csv").rows
    with pytest.raises(FaultyError) as wrong:
        await provisioning.employ_staff(people, lambda _: None, now=context.clock.now())
    assert sentence in [str(fault) for fault in wrong.value.faults]
    with pytest.raises(Invalid):
        await directory.assign_posts([{"username": name}])
    with pytest.raises(NotFound):
        await directory.load_actor(name)


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    _changed(folder, "units.toml", '"1701"', '"9999"')
    _changed(folder, "staff.csv", "jiaoyu", "moon")
    (folder / "routes.toml").unlink()
    with pytest.raises(FaultyError) as wrong:
        provisioning.read_district(folder)
    assert {fault.where.split()[0] for fault in wrong.value.faults} == {"units.toml", "staff.csv", "routes.toml"}


async def test_the_commands_take_in_all_or_nothing_once(folder: Path, empty: Settings) -> None:
    _changed(folder, "staff.csv", "jiaoyu", "moon")
    refused = _told(empty, "init", folder)
    assert refused.returncode == 2 and "什么都没有写入" in refused.stderr
    _changed(folder, "staff.csv", "moon", "jiaoyu")
    assert _told(empty, "init", "--check", folder).returncode == 0
    assert _told(empty, "init", folder).returncode == 0
    assert _first_passwords(folder) == {"wang", "li"}
    assert "已经建立过" in _told(empty, "init", folder).stderr
    word = _told(empty, "password", "li").stdout.strip()
    async with bootstrap.open_context(empty) as context:
        assert (await sessions.log_in(context, "li", word, source=SOURCE)).actor.id == "li"
        assert _told(empty, "leave", "li").returncode == 0
        with pytest.raises(sessions.Unauthorized):
            await sessions.log_in(context, "li", word, source=SOURCE)
        assert _told(empty, "leave", "li").returncode == 2


def _first_passwords(folder: Path) -> set[str]:
    """Whose passwords were written down, in a file nobody else may read."""
    (paper,) = folder.glob("staff.passwords-*.csv")
    assert paper.stat().st_mode & 0o077 == 0
    return {row[0] for row in csv.reader(paper.read_text("utf-8-sig").splitlines())}


def _told(settings: Settings, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """What the command line answers, in a process of its own as people call it."""
    place = {"XINQIAO_DATA": str(settings.data), "XINQIAO_DATABASE_URL": settings.database_url}
    environment = {**os.environ, **place, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "web", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


async def test_changing_the_password_ends_every_other_session(door: Door) -> None:
    context = door.context
    await accounts.set_password("reception", "三更灯火五更鸡，正是", now=context.clock.now())
    elsewhere = await sessions.log_in(context, "reception", "三更灯火五更鸡，正是", source=SOURCE)
    async with door.browser() as page:
        await page.post("/login", data={"username": "reception", "password": "三更灯火五更鸡，正是"})
        for old, new, again, message in (
            ("", "correct horse", "correct horse", "请填写现在的密码"),
            ("wrong", "correct horse", "correct horse", "账号或密码不对"),
            ("三更灯火五更鸡，正是", "12345678901234", "12345678901234", "不能只有数字"),
            ("三更灯火五更鸡，正是", "my-reception-1", "my-reception-1", "不要包含账号"),
            ("三更灯火五更鸡，正是", "correct horse", "corect horse", "不一样"),
        ):
            answer = await page.post("/desk/password", data={"old": old, "new": new, "again": again})
            assert answer.status_code == 422 and message in answer.text
            assert "correct horse" not in answer.text
        said_ = {"old": "三更灯火五更鸡，正是", "new": "correct horse", "again": "correct horse"}
        assert (await page.post("/desk/password", data=said_)).status_code == 303
        assert "已经更换" in (await page.get("/desk/password?done=1")).text
        assert await sessions.find_actor_by_token(context, elsewhere.token) is None
        await page.post("/logout")
        answer = await page.post("/desk/password", data=said_)
        assert answer.status_code == 401 and "correct horse" not in answer.text
        assert "correct horse" not in (await page.get("/login")).text
    assert (await sessions.log_in(context, "reception", "correct horse", source=SOURCE)).actor.id == "reception"
