"""The page after a log-in that shows what was sent after the session ended, to check and send again."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from feedback.rules.access import Actor
from feedback.rules.lifecycle import STEPS
from routing import directory
from routing.directory import Directory
from web.auth.form_recovery import CarriedForm
from web.context import AppContext
from web.presentation import desk_frame
from web.wording import catalogue

MACHINE_FIELDS = frozenset(
    {
        *("version", "seq", "id", "act", "expect", "instead_of", "key", "seen", "sealed", "attachments"),
        *("list", "query", "columns", "group", "check", "edit", "insert", "drop_attachment", "all", "phrase"),
    }
)
"""What a page or a button of ours put into a form: nobody typed it, so it is carried unseen."""
_VERSION_OF_CASE = "version-"
_CODE = re.compile(r"[a-z0-9_.:-]*[a-z][a-z0-9_.:-]*")
"""What a list, a radio button or a box says of itself: never the words of a person."""
_CODE_LENGTH = 4
"""A field without a name for people is shown when it is longer than a code."""
_INPUT_LENGTH = 60
_UNNAMED = "内容"
_YES_NO = {"1": "是", "0": "否"}
_SWITCHES = {"agreed", "stands"} | {
    need.name for step in STEPS for need in (*step.needs, *step.may) if need.sort == "switch"
}


@dataclass(frozen=True, slots=True)
class RestoredField:
    """A field as the page shows it: to edit, as the words of a choice, or (without a label) not at all."""

    name: str
    value: str
    label: str = ""
    words: str = ""

    @property
    def is_long(self) -> bool:
        return len(self.value) > _INPUT_LENGTH or "\n" in self.value


def has_entries(form: CarriedForm) -> bool:
    """Whether there is anything to check: a button alone is only pressed again."""
    return bool(form.files) or any(_is_entry(name, value) for name, value in form.fields)


async def render_restored_form(request: Request, actor: Actor, form: CarriedForm) -> Response:
    """What was typed, to check and send on: nothing has been done with it yet."""
    context: AppContext = request.app.state.context
    names = await directory.load_directory()
    fields = [to_field(name, value, names) for name, value in form.fields]
    values = {
        **desk_frame.frame_values(actor, names),
        "typed": [field for field in fields if field.label and not field.words],
        "chosen": [field for field in fields if field.words],
        "unseen": [field for field in fields if not field.label or field.words],
        "file_fields": list(dict.fromkeys(name for name, _ in form.files)),
        "files": [filename for _, filename in form.files],
        "target": form.path,
        "page": form.page,
    }
    return context.render(request, "account/restored_form.html", values)


def to_field(name: str, value: str, names: Directory) -> RestoredField:
    """How a field is shown."""
    value = "".join(c for c in value if c in "\r\n\t" or c >= " ")  # no page holds other control characters
    label = catalogue.field_label(name)
    if not _is_entry(name, value):
        return RestoredField(name, value)
    if words := _choice_words(name, value, names):
        return RestoredField(name, value, label or _UNNAMED, words)
    return RestoredField(name, value, "" if _CODE.fullmatch(value) else label or _UNNAMED)


def _is_entry(name: str, value: str) -> bool:
    """Whether a person typed or chose it."""
    if name in MACHINE_FIELDS or name.startswith(_VERSION_OF_CASE) or not value.strip():
        return False
    return bool(catalogue.field_label(name)) or len(value) > _CODE_LENGTH


def _choice_words(name: str, value: str, names: Directory) -> str:
    """What somebody chose, in words; "" for what was typed."""
    if name in _SWITCHES:
        return _YES_NO.get(value, "")
    if name == "category" and categories.has_code(value):
        return categories.path_name(value)
    if name == "kind":
        return catalogue.KINDS.get(value, "")
    words = catalogue.choice_words(name, value)
    return words if words != value else names.name(value) if names.has(value) else ""
