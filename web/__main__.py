"""The command line `xinqiao`: declares the subcommands and dispatches to `web.cli`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from web.cli import arguments
from web.cli.classifier import promote, releases, roll_back, train, trial
from web.cli.data import close_unit, import_duty, import_file, init_district, leave, password, staff, unlock
from web.cli.publish import publish, report
from web.cli.records import deadline, recalculate, verify
from web.cli.serve import configure_logging, dev, migrate, report_fault, run_worker, seed, serve, show_settings

Verb = Callable[[Settings, argparse.Namespace], int]


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code."""
    args = _parser().parse_args(words)
    try:
        settings = Settings.read(os.environ)
    except Invalid as fault:
        for name, why in fault.fields.items():
            print(f"{name}: {why}", file=sys.stderr)
        return 2
    configure_logging(settings)
    verb: Verb = args.verb
    try:
        return verb(settings, args)
    except Exception as fault:
        return report_fault(fault)


def _parser() -> argparse.ArgumentParser:
    parser = arguments.ArgumentParser(prog="xinqiao", description="信桥 Xinqiao")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb, description: str) -> argparse.ArgumentParser:
        subparser = verbs.add_parser(name, help=description, description=description)
        subparser.set_defaults(verb=verb)
        return subparser

    add("dev", dev, "migrate, seed the demo town if the database is empty, serve with the worker inside")
    add("serve", serve, "serve pages and API").add_argument("--processes", type=arguments.parse_count, default=1)
    add("worker", run_worker, "an arq worker beside the web processes (needs REDIS_URL)")
    add("migrate", migrate, "bring the database to this version")
    add("seed", seed, "put the demo town into an empty database")
    subparser = add(
        "init", init_district, "begin a district: units, regions, routing rows and people from a folder of files"
    )
    subparser.add_argument("folder", type=arguments.parse_folder)
    subparser.add_argument("--check", action="store_true", help="only say what is wrong with the files")
    subparser = add("staff", staff, "give people of a CSV file their posts, and accounts to the new ones")
    subparser.add_argument("file", type=arguments.parse_file)
    subparser = add("password", password, "print a new password for an account, and log it out")
    subparser.add_argument("username")
    subparser.add_argument(
        "--no-factor", action="store_true", help="also forget the second factor: the telephone is lost"
    )
    add("unlock", unlock, "forget the failed log-ins of an account: it is open again").add_argument("username")
    add("leave", leave, "take somebody's post away, and log them out").add_argument("username")
    subparser = add(
        "unit", close_unit, "close a unit that was merged or dissolved, and hand its cases to its successor"
    )
    subparser.add_argument("deed", choices=["close"])
    subparser.add_argument("code")
    subparser.add_argument("--successor", required=True, metavar="CODE")
    subparser.add_argument("--end-posts", action="store_true", help="end its people's posts instead of moving them")
    add("duty", import_duty, "take in the roster of who is on duty (CSV, Excel)").add_argument(
        "file", type=arguments.parse_file
    )
    subparser = add("settings", show_settings, "print every setting")
    subparser.add_argument("--json", action="store_true")
    subparser.add_argument("--markdown", action="store_true", help="as the table of the operator's handbook")
    subparser = add("import", import_file, "import a CSV or Excel file of cases")
    subparser.add_argument("file", type=arguments.parse_file)
    subparser.add_argument(
        "--map",
        type=arguments.parse_file,
        action="append",
        default=[],
        help="TOML that says which column is what; more than one may be given",
    )
    subparser.add_argument("--preview", action="store_true", help="say what would become of the file and write nothing")
    subparser.add_argument("--sheet", default="", help="the sheet to read, when it is not the one with most headings")
    subparser.add_argument(
        "--column", action="append", default=[], metavar="FIELD=COLUMN", help="one column of the map"
    )
    subparser = add("trial", trial, "score the classifier on a labelled table")
    subparser.add_argument("file", type=arguments.parse_file)
    subparser.add_argument("--json", action="store_true")
    subparser.add_argument("--restrict", action="store_true", help="choose only among the labels in the file")
    subparser.add_argument("--split", default="", help="only rows whose column `split` says so")
    subparser = add("train", train, "fit a release and promote it if it is not worse")
    subparser.add_argument("files", nargs="*", type=arguments.parse_file)
    subparser.add_argument(
        "--unlabelled",
        action="append",
        default=[],
        type=arguments.parse_file,
        help="adapt to unlabelled messages",
    )
    subparser.add_argument("--force", action="store_true")
    add("releases", releases, "list the classifier's releases with their trials").add_argument(
        "--json", action="store_true"
    )
    add("promote", promote, "put a release in force").add_argument("release")
    add("rollback", roll_back, "go back to the release before, or to the one named").add_argument(
        "release", nargs="?", default=""
    )
    subparser = add("deadline", deadline, "when a term that begins on a day is due")
    subparser.add_argument("start", type=arguments.parse_day)
    subparser.add_argument("length", type=arguments.parse_length, help="15cd, 5wd, 24h or 30min")
    add("verify", verify, "prove that nobody changed the record behind its back")
    subparser = add(
        "recalculate", recalculate, "recompute what an older version computed otherwise, with the cause in each case"
    )
    subparser.add_argument("--dry-run", action="store_true", help="only say what would change")
    subparser.add_argument("--cause", default="", help="what the entry gives as the cause")
    subparser = add("publish", publish, "freeze a period into an edition")
    subparser.add_argument("period", type=arguments.parse_month, help="2026-10")
    subparser.add_argument("--early", action="store_true", help="also a period that is not over")
    subparser = add("report", report, "write the year's report as Word and Excel")
    subparser.add_argument("year", type=arguments.parse_year, help="2026")
    subparser.add_argument("--to", type=arguments.parse_new_folder, default=Path(), help="the folder to write to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
