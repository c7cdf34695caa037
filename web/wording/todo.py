"""Words of what the citizen must or may do now, read from `todo.toml`, one block per code of `feedback.rules.todo`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from web.wording import catalogue


@dataclass(frozen=True, slots=True)
class TodoWording:
    """One thing to do; `todo.toml` says what each entry means."""

    label: str
    because: str
    hint: str
    button: str


TODOS: Mapping[str, TodoWording] = MappingProxyType(
    {code: TodoWording(**block) for code, block in catalogue.load_tables("todo.toml").items()}
)
