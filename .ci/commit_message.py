"""Is this commit message in the form everybody here reads? A hook: `commit_message.py FILE`, exit 1 with what to change.

The rule stands in CONTRIBUTING.md: subject imperative, at most 72 characters, one topic, no semicolon, then an empty
line and the reason.
"""

import re
import sys
from pathlib import Path

MOST_CHARACTERS = 72
_OURS_BY_GIT = re.compile(r"(?:Merge|Revert) |(?:fixup|squash|amend)! ")
_PAST = re.compile(r"[A-Z][a-z]{2,}(?:ed|ing)$")
_IMPERATIVE = {
    "Embed",
    "Exceed",
    "Feed",
    "Need",
    "Proceed",
    "Seed",
    "Shed",
    "Speed",
    "Succeed",
    "Bring",
    "String",
    "Ping",
}
_THIRD_PERSON = {"Adds", "Changes", "Fixes", "Makes", "Moves", "Removes", "Renames", "Says", "Shows", "Tests", "Uses"}


def faults_of(message: str) -> list[str]:
    """What is wrong with the message, as sentences that say what to do. Empty when nothing is."""
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if _OURS_BY_GIT.match(subject):
        return []
    first = subject.partition(" ")[0]
    faults = []
    if not subject.strip():
        faults.append("write a subject")
    if len(subject) > MOST_CHARACTERS:
        faults.append(f"shorten the subject by {len(subject) - MOST_CHARACTERS} characters (at most {MOST_CHARACTERS})")
    if ";" in subject or "；" in subject:
        faults.append("no semicolon in the subject: two topics are two commits")
    if subject.endswith("."):
        faults.append("no full stop after the subject")
    if subject[:1].islower():
        faults.append("begin the subject with a capital letter")
    if (_PAST.fullmatch(first) and first not in _IMPERATIVE) or first in _THIRD_PERSON:
        faults.append(f"begin with the imperative (Add, Fix, Move …) instead of {first!r}")
    if len(lines) > 1 and lines[1]:
        faults.append("leave the second line empty, the reason begins on the third")
    return faults


def main(path: str) -> int:
    faults = faults_of(Path(path).read_text("utf-8"))
    for fault in faults:
        print(f"commit message: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
