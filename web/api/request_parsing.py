"""Reading a request's JSON body or query string into a request type, field by field.

Lenient on purpose: every wrong field is named at once, fields nobody knows are ignored, null counts as absent. The
body is bounded, and nothing somebody may send breaks it: wrong encodings, lone surrogates, depth, size.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, inspect
from msgspec.structs import FieldInfo
from msgspec.structs import fields as fields_of
from starlette.requests import Request

from feedback.kernel.errors import Invalid, Refusal
from feedback.rules import intake

JSON_MOST = 1_000_000  # bytes: twenty thousand characters, each as an escaped surrogate pair, are a quarter of it
_BOM = b"\xef\xbb\xbf"
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")


async def body(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object a request brings.

    Raises Refusal (too large), Invalid with code "unsupported_type" or "not_json", or naming the body when it is no object.
    """
    raw = await _bytes(request)
    if not raw and may_be_empty:
        return {}
    _check_type(request.headers.get("content-type", ""))
    try:
        said = msgspec.json.decode(raw.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Invalid(code="not_json") from fault
    if not isinstance(said, dict):
        raise Invalid({"body": "not_an_object"})
    return said


async def _bytes(request: Request) -> bytes:
    kept, size = bytearray(), 0
    async for piece in request.stream():
        size += len(piece)
        if size <= JSON_MOST:
            kept += piece
    if size > JSON_MOST:  # only now: who is still sending would not see the answer
        raise Refusal("too_large", most=JSON_MOST)
    return bytes(kept)


def _check_type(header: str) -> None:
    media, _, parameters = header.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(" \"'")
    if (media.strip() != "application/json" and not media.strip().endswith("+json")) or charset not in _CHARSETS:
        raise Invalid(code="unsupported_type")


def read(cls: type[Struct], body: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """The good values of an object by field, defaults filled in, and the fault of each wrong one.

    A wrong field is in the faults and not in the values.
    """
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in fields_of(cls):
        value, path = body.get(field.name), prefix + field.name
        if value is None:
            if field.required:
                faults[path] = "missing"
            else:
                values[field.name] = _default(field)
            continue
        nested = _struct_in(field.type)
        if nested is not None and isinstance(value, Mapping):
            inner, wrong = read(nested, value, path + ".")
            faults |= wrong
            values[field.name] = inner
            continue
        try:
            values[field.name] = msgspec.to_builtins(msgspec.convert(value, field.type))
        except msgspec.ValidationError:
            faults[path] = _fault(field.type, value)
    return values, faults


def read_query(cls: type[Struct], query: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The same for a query string, whose values are all texts; an empty one is an absent one."""
    typed: dict[str, Any] = {}
    for field in fields_of(cls):
        text = intake.clean_line(query.get(field.name, ""))
        if text:
            typed[field.name] = _from_text(field.type, text)
    return read(cls, typed)


def _from_text(wanted: Any, text: str) -> Any:
    types = {type(kind) for kind in _alternatives(wanted)}
    if inspect.IntType in types and text.isascii() and text.isdecimal() and len(text) <= 6:
        return int(text)
    if inspect.BoolType in types and text.lower() in ("1", "true", "0", "false"):
        return text.lower() in ("1", "true")
    return text


def _default(field: FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _alternatives(wanted: Any) -> tuple[inspect.Type, ...]:
    info = inspect.type_info(wanted)
    while isinstance(info, inspect.Metadata):
        info = info.type
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _struct_in(wanted: Any) -> type[Struct] | None:
    return next((kind.cls for kind in _alternatives(wanted) if isinstance(kind, inspect.StructType)), None)


def _fault(wanted: Any, value: Any) -> str:
    """The stable code for a value of the wrong type."""
    kinds = tuple(k for k in _alternatives(wanted) if not isinstance(k, inspect.NoneType))
    if isinstance(value, str) and any(isinstance(k, inspect.LiteralType | inspect.EnumType) for k in kinds):
        return "unknown"
    return next((code for kind, code in _FAULT_OF if isinstance(kinds[0], kind)), "wrong_type")


_FAULT_OF: tuple[tuple[type[inspect.Type], str], ...] = (
    (inspect.StrType, "not_text"),
    (inspect.LiteralType, "not_text"),
    (inspect.EnumType, "not_text"),
    (inspect.IntType, "not_a_number"),
    (inspect.BoolType, "not_a_switch"),
    (inspect.ListType, "not_a_list"),
)
