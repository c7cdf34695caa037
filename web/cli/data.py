"""Subcommands that set up a district, its staff and passwords, and import cases."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.kernel.errors import Invalid, NotNow
from feedback.kernel.settings import Settings
from web.cli.serve import migrate, run_async
from web.wording import catalogue


def init_district(settings: Settings, args: argparse.Namespace) -> int:
    """Begin a district, or with `--check` only read its files."""
    from web.imports import provisioning
    from web.imports.file_faults import FaultyError

    try:
        district = provisioning.read_district(args.folder)
    except FaultyError as error:
        return _print_faults(error)
    _print_unused(district.unused_headings)
    counts = f"{len(district.units)} 个单位，{len(district.regions)} 个地区，{len(district.routes)} 条派单规则"
    if args.check:
        print(f"没有问题：{counts}，{len(district.people)} 人")
        return 0
    migrate(settings, args)
    try:
        run_async(settings, lambda context: provisioning.provision(context, district, author="found"))
    except NotNow:
        print("这里已经建立过：派单规则在“管理 → 派单规则”里改，人员用 xinqiao staff", file=sys.stderr)
        return 2
    print(f"已建立：{counts}")
    return _employ_staff(settings, district.people, args.folder / "staff.csv") if district.people else 0


def staff(settings: Settings, args: argparse.Namespace) -> int:
    """People as the file says; may be run again with more."""
    from web.imports import staff_files
    from web.imports.file_faults import FaultyError

    try:
        people = staff_files.read_people(args.file)
        _print_unused(people.unused_headings)
        return _employ_staff(settings, people.rows, args.file)
    except FaultyError as error:
        return _print_faults(error)


def _employ_staff(settings: Settings, people: Sequence[Any], file: Path) -> int:
    from web.imports import provisioning

    password_file = file.with_name(f"{file.stem}.passwords-{datetime.now(OFFICE_TIMEZONE):%Y%m%d%H%M%S}.csv")

    def write_down(passwords: Mapping[str, str]) -> None:
        with os.fdopen(
            os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig"
        ) as paper:
            paper.writelines(f"{username},{initial_password}\n" for username, initial_password in passwords.items())

    account_count = run_async(
        settings, lambda context: provisioning.employ_staff(people, write_down, now=context.clock.now())
    )
    headless = run_async(settings, lambda _: _list_headless())
    if headless:
        print(catalogue.error_words("units_without_head", units="、".join(headless)), file=sys.stderr)
    print(f"{len(people)} 人在岗，其中新开账号 {account_count} 个")
    if account_count:
        print(
            f"初始密码写在 {password_file}（只有您能读），请当面交给本人，首次登录后在“修改密码”里更换，然后删除该文件"
        )
    return 0


async def _list_headless() -> list[str]:
    from routing import directory

    return await directory.list_headless_units()


def _print_unused(headings: Sequence[str]) -> None:
    """Name the columns nothing was read from: one of them may be misspelt."""
    if headings:
        print(catalogue.error_words("unused_headings", headings="、".join(headings)), file=sys.stderr)


def _print_faults(error: Exception) -> int:
    print(f"{error}\n以上问题改好之前，什么都没有写入", file=sys.stderr)
    return 2


def password(settings: Settings, args: argparse.Namespace) -> int:
    """A new password, shown once."""
    from web.auth import accounts, login_attempts, second_factor
    from web.imports import provisioning

    new_password = provisioning.new_password()

    async def change(context: Any) -> None:
        await accounts.set_password(args.username, new_password, now=context.clock.now())
        await login_attempts.unlock(context, args.username)
        if args.no_factor:
            await second_factor.switch_off(args.username)

    run_async(settings, change)
    print(new_password)
    return 0


def unlock(settings: Settings, args: argparse.Namespace) -> int:
    """Forget the failed log-ins of an account: it is open again at once."""
    from web.auth import login_attempts

    count = run_async(settings, lambda context: login_attempts.unlock(context, args.username))
    print(f"{args.username} 已解除锁定" if count else f"{args.username} 没有被锁定")
    return 0


def leave(settings: Settings, args: argparse.Namespace) -> int:
    """Somebody works here no more."""
    from routing import directory
    from web.auth import sessions

    async def end_post(_: Any) -> bool:
        await sessions.end_sessions(args.username)
        return await directory.remove_post(args.username)

    if not run_async(settings, end_post):
        print(f"没有在岗的 {args.username}", file=sys.stderr)
        return 2
    print(f"{args.username} 已离岗，登录已全部失效，此前的办理记录不变")
    return 0


def close_unit(settings: Settings, args: argparse.Namespace) -> int:
    """A unit was merged or dissolved; may be run again where something stopped it half way."""
    from web.actions import units

    try:
        result = run_async(
            settings,
            lambda context: units.close_unit(context, args.code, args.successor, are_posts_ended=args.end_posts),
        )
    except Invalid as fault:
        print(*(catalogue.fault_words(name, code) for name, code in fault.fields.items()), sep="\n", file=sys.stderr)
        return 2
    print(f"{args.code} 已撤销，{result.moved} 件移交 {args.successor} 继续办理，期限不变")
    if result.posts:
        print(f"{result.posts} 人{'的岗位已经结束' if args.end_posts else f'的岗位转到 {args.successor}，角色不变'}")
    if result.matters:
        print(f"{result.matters} 个办事事项的评价转到 {args.successor}")
    if result.left:
        print(f"承继单位应当回避，请另行指定：{'、'.join(result.left)}", file=sys.stderr)
    return 1 if result.left else 0


def import_duty(settings: Settings, args: argparse.Namespace) -> int:
    """Who is on duty when, as the file says; may be run again with the next month."""
    from routing import directory, duty
    from web.imports import duty_files
    from web.imports.file_faults import FaultyError

    async def take_in(_: Any) -> duty_files.Roster:
        roster = duty_files.read_roster(args.file, await directory.load_directory())
        await duty.store_roster(roster.duties)
        return roster

    try:
        roster = run_async(settings, take_in)
    except FaultyError as error:
        return _print_faults(error)
    _print_unused(roster.unused_headings)
    print(f"值班表收下 {len(roster.duties)} 班")
    return 0


def import_file(settings: Settings, args: argparse.Namespace) -> int:
    """Take in a file of cases, or with `--preview` only say what would become of it."""
    from web.imports import history

    options = (args.file, args.map, args.column)
    if args.preview:
        preview = run_async(settings, lambda context: history.preview_history(context, *options, sheet=args.sheet))
        print(*preview, sep="\n")
        return 0
    summary, sentences = run_async(
        settings, lambda context: history.import_history(context, *options, sheet=args.sheet)
    )
    print(*sentences, summary.line, sep="\n")
    return 0
