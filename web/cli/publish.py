"""Subcommands that publish an edition of figures and write the annual report."""

import argparse

from feedback.kernel.settings import Settings
from web.cli.serve import run_async


def publish(settings: Settings, args: argparse.Namespace) -> int:
    from evaluation.publication import editions

    edition = run_async(
        settings,
        lambda context: editions.publish_edition(
            args.period, now=context.clock.now(), author="command", settings=settings, early=args.early
        ),
    )
    state = "已发布" if edition.is_new else "此前已经发布，未作改动"
    print(f"{args.period} 第 {edition.number} 版 {state},指纹 {edition.digest}")
    return 0


def report(settings: Settings, args: argparse.Namespace) -> int:
    from evaluation.publication import annual_report_files
    from web.pages.board import annual_report

    document = run_async(settings, lambda context: annual_report.made(args.year, settings, context.clock.now()))
    for suffix, content in (
        ("docx", annual_report_files.to_docx(document)),
        ("xlsx", annual_report_files.to_xlsx(document)),
    ):
        path = args.to / f"xinqiao-report-{args.year}.{suffix}"
        path.write_bytes(content)
        print(path)
    return 0
