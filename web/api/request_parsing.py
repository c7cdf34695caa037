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


async def read_body(request: Request, cls: type[Struct], *, may_be_empty: bool = False) -> dict[str, Any]:
    """The values of a JSON body by field.

    Raises Invalid naming each wrong field, and what `load_body` raises.
    """
    values, faults = await parse_body(request, cls, may_be_empty=may_be_empty)
    if faults:
        raise Invalid(faults)
    return values


def read_query(request: Request, cls: type[Struct]) -> dict[str, Any]:
    """The values of a query string by field.

    Raises Invalid naming each wrong field.
    """
    values, faults = parse_query(cls, request.query_params)
    if faults:
        raise Invalid(faults)
    return values


def read_path(request: Request, name: str) -> str:
    """A parameter of the path as a line of plain text."""
    return intake.clean_line(request.path_params[name])


async def parse_body(
    request: Request, cls: type[Struct], *, may_be_empty: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """The good values of a JSON body by field, and its faults: for calls that have checks of their own to add."""
    return parse_object(cls, await load_body(request, may_be_empty=may_be_empty))


def find_unused(cls: type[Struct], payload: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The fields of an object that nobody reads, so that a misspelt one does not go in silence."""
    known = {field.name: _struct_in(field.type) for field in fields_of(cls)}
    unused = []
    for name, value in payload.items():
        nested = known.get(name)
        if name not in known:
            unused.append(prefix + name)
        elif nested is not None and isinstance(value, Mapping):
            unused += find_unused(nested, value, f"{prefix}{name}.")
    return unused


async def load_body(request: Request, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object a request brings.

    Raises Refusal (too large), Invalid with code "unsupported_type" or "not_json", or naming the body when it is no object.
    """
    content = await _load_bytes(request)
    if not content and may_be_empty:
        return {}
    _check_type(request.headers.get("content-type", ""))
    try:
        payload = msgspec.json.decode(content.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Invalid(code="not_json") from fault
    if not isinstance(payload, dict):
        raise Invalid({"body": "not_an_object"})
    return payload


async def _load_bytes(request: Request) -> bytes:
    content, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= JSON_MOST:
            content += chunk
    if size > JSON_MOST:  # only now: who is still sending would not see the answer
        raise Refusal("too_large", most=JSON_MOST)
    return bytes(content)


def _check_type(header: str) -> None:
    media, _, parameters = header.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(" \"'")
    if (media.strip() != "application/json" and not media.strip().endswith("+json")) or charset not in _CHARSETS:
        raise Invalid(code="unsupported_type")


def parse_object(
    cls: type[Struct], payload: Mapping[str, Any], prefix: str = ""
) -> tuple[dict[str, Any], dict[str, str]]:
    """The good values of an object by field, defaults filled in, and the fault of each wrong one.

    A wrong field is in the faults and not in the values.
    """
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in fields_of(cls):
        value, path = payload.get(field.encode_name), prefix + field.encode_name
        if value is None:
            if field.required:
                faults[path] = "missing"
            else:
                values[field.name] = _default(field)
            continue
        nested = _struct_in(field.type)
        if nested is not None and isinstance(value, Mapping):
            inner, inner_faults = parse_object(nested, value, path + ".")
            faults |= inner_faults
            values[field.name] = inner
            continue
        try:
            values[field.name] = msgspec.to_builtins(msgspec.convert(value, field.type))
        except msgspec.ValidationError:
            faults[path] = _fault(field.type, value)
    return values, faults


def parse_query(cls: type[Struct], query: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The same for a query string, whose values are all texts; an empty one is an absent one."""
    typed: dict[str, Any] = {}
    for field in fields_of(cls):
        text = intake.clean_line(query.get(field.encode_name, ""))
        if text:
            typed[field.encode_name] = _from_text(field.type, text)
    return parse_object(cls, typed)


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
