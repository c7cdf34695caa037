"""The OpenAPI document, generated from the rows of calls and their types."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from web.api.route_table import Call
from web.api.schemas.responses import ErrorBody
from web.auth.permissions import Requirement
from web.wording import catalogue

VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"
FAULT_WORDS: Mapping[int, str] = {
    400: "请求内容不是有效的 JSON",
    401: "没有登录，或者登录已经失效",
    403: "没有办理这一步的权限",
    404: "没有找到；没有权限知道的也这样回答",
    409: "内容刚被别人更新，或者当前状态不能办理",
    412: "不是支持的协议版本",
    413: "内容太大",
    415: "不支持这种内容类型",
    422: "有字段需要改正，fields 里逐个说明",
    429: "操作太频繁，Retry-After 说明多少秒后再试",
    503: "数据库、磁盘或外部服务暂时不能使用，什么都没有写入，Retry-After 说明多少秒后再试",
}
_SORT_WORDS: Mapping[str, str] = {
    "string": "文字",
    "integer": "整数",
    "number": "数",
    "boolean": "是否",
    "object": "对象",
    "date": "日期",
    "date-time": "时刻",
    "null": "空",
}
_OK_WORDS: Mapping[int, str] = {200: "成功", 201: "已登记", 202: "已开始", 204: "成功，没有内容"}


def document(calls: Sequence[Call], server: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the calls."""
    types = {t for call in calls for t in (call.body, call.query, *call.answers.values()) if t} | {ErrorBody}
    _, schemas = msgspec.json.schema_components(sorted(types, key=lambda t: t.__name__), ref_template=_REF)
    for name in {call.query.__name__ for call in calls if call.query}:
        schemas.pop(name)  # listed as parameters
    paths: dict[str, Any] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "信桥 API",
            "version": VERSION,
            "description": "群众诉求与政务服务评价。时刻为 ISO 8601，带时区；_day 为办公所在时区的日期；文字为 UTF-8。",
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "staff": {"type": "http", "scheme": "bearer", "description": "POST /sessions 得到的令牌"},
                "citizen": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "POST /sessions/phone/verify 得到的令牌",
                },
            },
        },
    }


def operation(call: Call) -> dict[str, Any]:
    """One call as an OpenAPI operation."""
    described: dict[str, Any] = {
        "operationId": f"{call.handler.__module__.rsplit('.', 1)[-1]}_{call.handler.__name__}",
        "summary": call.title,
        "responses": _responses(call),
    }
    if remark := remark_of(call):
        described["description"] = remark
    if parameters := [*_path_parameters(call), *_header_parameters(call), *_query_parameters(call)]:
        described["parameters"] = parameters
    if body := _body(call):
        described["requestBody"] = body
    if call.requires.needs_session:
        described["security"] = [{"staff": []}]
    if call.requires is Requirement.HOLDER:
        described["security"] = [{"staff": []}, {"citizen": []}, {}]
    if call.requires is Requirement.CITIZEN:
        described["security"] = [{"citizen": []}]
    return described


def remark_of(call: Call) -> str:
    """What there is to know about a call, the roles it is limited to first."""
    return f"限{catalogue.REQUIREMENTS[call.requires]}。{call.remark}" if call.requires_role else call.remark


def _ref(cls: type[Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=cls.__name__)}


def _responses(call: Call) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, cls in call.answers.items():
        responses[str(status)] = {"description": _OK_WORDS[status]}
        if cls is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": _ref(cls)}}
        elif status != 204:
            responses[str(status)]["content"] = {call.media: {}}
    for status in call.statuses:
        responses[str(status)] = {
            "description": FAULT_WORDS[status],
            "content": {"application/json": {"schema": _ref(ErrorBody)}},
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", call.path)
    ]


def _header_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}
        for name, words in call.headers.items()
    ]


def _query_parameters(call: Call) -> list[dict[str, Any]]:
    if call.query is None:
        return []
    schema = properties_of(call.query)
    return [
        {
            "name": name,
            "in": "query",
            "description": str(row.pop("description", "")),
            "schema": row,
        }
        for name, row in schema.items()
    ]


def properties_of(cls: type[Struct]) -> dict[str, dict[str, Any]]:
    """The properties of a type as JSON Schema, by field."""
    _, schemas = msgspec.json.schema_components([cls], ref_template=_REF)
    properties: dict[str, dict[str, Any]] = schemas[cls.__name__]["properties"]
    return properties


def types_of(calls: Sequence[Call]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Every type of an answer, and every type these are made of: name, meaning, and its fields as rows for people."""
    answers = {cls for call in calls for cls in call.answers.values() if cls} | {ErrorBody}
    _, schemas = msgspec.json.schema_components(sorted(answers, key=lambda t: t.__name__), ref_template=_REF)
    return [(name, str(row.get("description", "")), _rows(row)) for name, row in sorted(schemas.items())]


def rows_of(cls: type[Struct]) -> list[dict[str, Any]]:
    """The fields of a type as rows for people."""
    _, schemas = msgspec.json.schema_components([cls], ref_template=_REF)
    return _rows(schemas[cls.__name__])


def _rows(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name, sort, the type it refers to, whether it must be there, meaning. A list of codes is a single row."""
    if "enum" in schema:
        return [{"name": "", "sort": _sort_words(schema), "type": "", "must": "", "meaning": ""}]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "sort": _sort_words(row),
            "type": next(iter(re.findall(r"/(\w+)'", str(row))), ""),
            "must": "必填" if name in required else "",
            "meaning": str(row.get("description", "")),
        }
        for name, row in schema["properties"].items()
    ]


def _sort_words(row: Mapping[str, Any]) -> str:
    """The type of a field in a few words."""
    if "anyOf" in row:
        return " 或 ".join(_sort_words(part) for part in row["anyOf"])
    if "$ref" in row:
        return str(row["$ref"]).rsplit("/", 1)[-1]
    if "enum" in row:
        return " · ".join(map(str, row["enum"]))
    if row.get("type") == "array":
        return f"[{_sort_words(row.get('items', {}))}]"
    sort = str(row.get("format") or row.get("type") or "any")
    return _SORT_WORDS.get(sort, sort)


def _body(call: Call) -> dict[str, Any] | None:
    if call.takes_file:
        part = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": {"multipart/form-data": {"schema": part}}}
    if call.body is None:
        return None
    schema: dict[str, Any] = _ref(call.body)
    if call.takes_more:
        schema = {"allOf": [schema], "additionalProperties": True}
    return {"required": not call.takes_more, "content": {"application/json": {"schema": schema}}}
