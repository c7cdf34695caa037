"""The four-step form in which a citizen submits a case, over a draft stored on the server.

No account is needed. The draft is found by a random cookie and encrypted at rest; submitting it twice gives the same
receipt, because the draft's own key is the source id.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from feedback import attachments
from feedback.kernel import identifiers
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid, NotFound
from feedback.rules import case_markers, parties
from feedback.rules.intake import TEXT_MOST, PersonSubmission, Proxy, Submission, normalize_phone, tidy
from feedback.rules.vocabulary import PUBLIC_KINDS, Kind
from routing import directory
from routing.directory import Directory
from web.actions import cases as case_actions
from web.auth import citizen_cookie, drafts, message_sources
from web.context import AppContext
from web.forms import parsing
from web.forms.form_reading import open_form
from web.forms.uploads import format_size, name_refused, recording_values, store_uploads
from web.http.challenge import ChallengeRequired, require_answer
from web.http.errors import suppress_database_faults
from web.http.limits import TooMany
from web.pages.citizen import other_people
from web.pages.citizen.receipt import promise
from web.pages.citizen.shared_computer import is_continued
from web.presentation import dangers
from web.wording import catalogue

STEPS = 4
_FILES_STEP = 2
TEXT_ADVISED = 5000  # what the page asks people to keep to; longer ones are taken too
RESEND_SECONDS = 300
_FIRST_FIELD = {1: "kind", 2: "title", 3: "person.name", 4: "submit"}
_PERSON = ("name", "phone", "email", "id_kind", "id_number")
_GUARDIAN = ("guardian_name", "guardian_phone")
_FIELDS_OF = {
    1: frozenset({"kind"}),
    2: frozenset({"title", "text", "region", "address", "attachments"}),
    3: frozenset({*(f"person.{name}" for name in _PERSON), "exclude", "age_group", *_GUARDIAN})
    | other_people.FAULT_FIELDS,
}


async def begin(request: Request) -> Response:
    return RedirectResponse("/new/1", status_code=303)


async def step(request: Request) -> Response:
    """One of the four steps: shown on GET, taken on POST."""
    number = request.path_params["step"]
    if not 1 <= number <= STEPS:
        raise NotFound(step=number)
    draft = await drafts.load_draft(request)
    if draft.get(drafts.SHARED) and request.method == "GET":
        if not is_continued(request):  # somebody else sits here now
            response: Response = RedirectResponse("/new/1", status_code=303)
            await drafts.delete_draft(request, response)
            return response
        await drafts.postpone_end(request)
    if "sent" in draft:
        if number == STEPS and request.method == "POST":
            async with request.form() as form:
                is_again = parsing.read_field(form, "key") == draft.get("key", "-") or _just_sent(request, draft)
            if is_again:
                return _to_receipt(request, draft["sent"], bool(draft.get(drafts.SHARED)))
        draft = {}
    # The second step brings the kind with it: what was typed there outlives the draft of the first.
    is_resumed = request.method == "POST" and number == _FILES_STEP
    if number > (furthest := _furthest(draft)) and not is_resumed:
        return _onward(request, f"/new/{furthest}")
    if request.method == "GET":
        return await _shown(request, number, draft, {})
    async with open_form(request) as form:
        try:
            return await _taken(request, number, draft, form)
        except Invalid as fault:
            errors = name_refused(fault, {name: _words(name, code) for name, code in fault.fields.items()})
            return await _shown(request, number, draft, errors)
        except ChallengeRequired as fault:
            return await _shown(request, number, draft, {}, challenge=fault)
        except TooMany as fault:  # nothing is lost: the page comes back with what was typed
            request.state.retry_seconds = fault.details["seconds"]
            words = catalogue.error_words(fault.code, **fault.details)
            return await _shown(request, number, draft, {_FIRST_FIELD[number]: words})


def _words(name: str, code: str) -> str:
    return _FAULT_WORDS.get((name, code)) or catalogue.fault_words("attachments" if name == "files" else name, code)


_FAULT_WORDS: Mapping[tuple[str, str], str] = {
    ("kind", "missing"): "请选择一种类别",
    ("title", "missing"): "请填写标题，一句话说清楚是什么事",
    ("text", "missing"): "请填写情况说明",
    ("files", "too_many"): "照片和材料太多了，请删去一些",
}


def _furthest(draft: Mapping[str, Any]) -> int:
    """The first step that still lacks what it must have."""
    if not draft.get("kind"):
        return 1
    if not draft.get("title") or not draft.get("text"):
        return 2
    return STEPS


async def _taken(request: Request, number: int, draft: dict[str, Any], form: FormData) -> Response:
    match number:
        case 1:
            draft["kind"] = parsing.read_field(form, "kind")
            draft.setdefault("key", identifiers.new_id())
            draft[drafts.SHARED] = drafts.SHARED in form
        case 2:
            draft.setdefault("kind", parsing.read_field(form, "kind"))
            draft.setdefault("key", identifiers.new_id())
            draft[drafts.SHARED] = drafts.SHARED in form
            draft.update({name: parsing.read_field(form, name) for name in ("title", "text", "region", "address")})
            uploads = await store_uploads(request, form)
            draft["attachments"] = [row.id for row in await attachments.list_unclaimed(uploads.ids)]
            uploads.require_all()
            if len(draft["attachments"]) < len(uploads.ids):
                raise Invalid({"files": "expired"})
        case 3:
            draft.update({name: parsing.read_field(form, f"person.{name}") for name in _PERSON})
            draft["others"] = other_people.compact(other_people.read(form))
            draft.update({name: name in form for name in ("anonymous", "public_consent")})
            draft.update({name: parsing.read_field(form, name) for name in ("exclude", "age_group", *_GUARDIAN)})
        case _:
            return await _submitted(request, draft, form)
    if number == _FILES_STEP and "drop_attachment" in form:
        dropped = parsing.read_field(form, "drop_attachment")
        draft["attachments"] = [id_ for id_ in draft["attachments"] if id_ != dropped]
        response = _onward(request, f"/new/{number}#f-files")
    else:
        _check(draft, number)
        response = _onward(request, f"/new/{number + 1}")
    context: AppContext = request.app.state.context
    until = context.clock.now() + timedelta(days=context.settings.draft_days)
    await attachments.hold_for_draft(draft.get("attachments", ()), until)
    await drafts.store_draft(request, response, draft)
    return response


def _onward(request: Request, path: str) -> Response:
    """To the next page: a redirect, or its address for a script that sends the form in the background."""
    if request.headers.get("x-fragment"):
        return JSONResponse({"next": path})
    return RedirectResponse(path, status_code=303)


def _check(draft: Mapping[str, Any], number: int) -> None:
    """Raises Invalid with the faults of this step's fields."""
    try:
        tidy(_draft_of(draft))
    except Invalid as fault:
        has_proxy = other_people.build_proxy(draft.get("others", {})) is not None
        names = {} if has_proxy else _PROXY_FIELDS
        faults = {names.get(name, name): code for name, code in fault.fields.items()}
        mine = {name: code for name, code in faults.items() if name in _FIELDS_OF[number]}
        if "attachments" in mine:
            mine["files"] = mine.pop("attachments")
        if mine:
            raise Invalid(mine) from fault


def _draft_of(draft: Mapping[str, Any]) -> Submission:
    others: Mapping[str, str] = draft.get("others", {})
    person = PersonSubmission(
        **{name: draft.get(name, "") for name in _PERSON},
        org_name=others.get("person.org.name", ""),
        org_code=others.get("person.org.uscc", ""),
    )
    return Submission(
        kind=draft.get("kind", ""),
        title=draft.get("title", ""),
        text=draft.get("text", ""),
        channel="web",
        desk="",
        source_id=draft.get("key", ""),
        sender=f"draft {draft.get('key', '')}",  # the key lies sealed on the server: whoever has it wrote this
        region=draft.get("region", ""),
        address=draft.get("address", ""),
        person=person,
        exclude=draft.get("exclude", ""),
        age_group=draft.get("age_group", ""),
        anonymous=bool(draft.get("anonymous")),
        public_consent=bool(draft.get("public_consent")),
        attachments=tuple(draft.get("attachments", ())),
        headcount=other_people.parse_headcount(others),
        representatives=other_people.build_representatives(others),
        proxy=other_people.build_proxy(others) or _guardian_of(draft),
    )


def _guardian_of(draft: Mapping[str, Any]) -> Proxy | None:
    guardian = PersonSubmission(draft.get("guardian_name", ""), draft.get("guardian_phone", ""))
    return Proxy(guardian, parties.GUARDIAN, parties.Authority.STATUTORY) if guardian != PersonSubmission() else None


async def _submitted(request: Request, draft: dict[str, Any], form: FormData) -> Response:
    context: AppContext = request.app.state.context
    key = parsing.read_field(form, "key")
    if key and key != draft.get("key"):  # sent late by a script, while another message was begun
        return _onward(request, f"/new/{STEPS}")
    await request.app.state.limiter.hit("submit", request)
    await require_answer(
        request,
        phone=normalize_phone(str(draft.get("phone", ""))),
        token=parsing.read_field(form, "challenge_token"),
        answer=parsing.read_field(form, "challenge_answer"),
    )
    receipt = await case_actions.submit_case(context, _draft_of(draft))
    with suppress_database_faults("its source", receipt.no):
        await message_sources.remember_source(request, receipt.no, str(draft.get("kind", "")))
    is_shared = bool(draft.get(drafts.SHARED))
    response = _to_receipt(request, receipt.no, is_shared)
    # Not dropped at once: a second click that is still on its way must find the same receipt.
    with suppress_database_faults("that its form was sent", receipt.no):
        sent = {
            "sent": receipt.no,
            "key": draft.get("key", ""),
            "at": context.clock.now().timestamp(),
            drafts.SHARED: is_shared,
        }
        await drafts.store_draft(request, response, sent)
    return response


_SHOWN = ("kind", "title", "text", "region", "address", *_PERSON, "exclude", "age_group", *_GUARDIAN)
_PROXY_FIELDS = {"proxy.name": "guardian_name", "proxy.phone": "guardian_phone"}


def _to_receipt(request: Request, no: str, is_shared: bool) -> Response:
    response = _onward(request, f"/receipt/{no}")
    citizen_cookie.remember_case(response, request.app.state.context, no, is_shared=is_shared)
    return response


def _just_sent(request: Request, draft: Mapping[str, Any]) -> bool:
    return bool(request.app.state.context.clock.now().timestamp() - draft["at"] < RESEND_SECONDS)


async def _shown(
    request: Request,
    number: int,
    draft: Mapping[str, Any],
    errors: dict[str, str],
    challenge: ChallengeRequired | None = None,
) -> Response:
    context: AppContext = request.app.state.context
    settings = context.settings
    names = await directory.load_directory()
    shown = {name: draft.get(name, "") for name in _SHOWN}
    shown |= {name: bool(draft.get(name)) for name in ("anonymous", "public_consent", drafts.SHARED)}
    files = await attachments.list_unclaimed(draft.get("attachments", ()))
    shown["files"] = [{"id": f.id, "name": f.name, "size_words": format_size(f.size)} for f in files]
    title, text = str(shown["title"]), str(shown["text"])
    values: dict[str, Any] = {
        "draft": shown,
        "danger": await dangers.find_dangers(title, text),
        "errors": errors,
        "draft_days": settings.draft_days,
        "shared_minutes": int(drafts.SHARED_IDLE.total_seconds() // 60),
        "challenge": challenge,
    }
    match number:
        case 1:
            values["kinds"] = [(k.value, catalogue.KINDS[k], catalogue.KIND_HINTS[k]) for k in PUBLIC_KINDS]
        case 2:
            values |= {
                "regions": region_groups(names, settings.region),
                "text_most": TEXT_MOST,
                "text_advised": TEXT_ADVISED,
                **recording_values(settings.attachments_max, settings.upload_max_bytes, settings.resumable_max_bytes),
            }
        case 3:
            others: Mapping[str, str] = draft.get("others", {})
            values |= {
                "others": {name: others.get(name, "") for name in other_people.FIELDS},
                "opened": {
                    group
                    for group, fields in other_people.GROUPS.items()
                    if any(others.get(name) or name in errors for name in fields)
                },
                "proxy_kinds": other_people.PROXY_KINDS,
                "authorities": list(catalogue.AUTHORITIES.items()),
            }
            values["documents"] = list(catalogue.DOCUMENT_KINDS.items())
            values["ages"] = [(code, catalogue.MARKERS[code]) for code in sorted(case_markers.MINORS)]
            values["may_publish"] = draft.get("kind") != Kind.REPORT
        case _:
            values |= {
                "rows": [*_rows(shown, names), *other_people.list_rows(draft.get("others", {}))],
                "key": draft.get("key", ""),
                "promise": promise(str(shown["kind"]), title, text, office_day(context.clock.now())),
            }
    return context.render(request, f"citizen/submit_{number}.html", values, status=_status(errors, challenge))


async def danger(request: Request) -> Response:
    """A fragment for scripts: what to do first, by the words typed so far. Nothing of them is stored."""
    context: AppContext = request.app.state.context
    async with request.form() as form:
        box = await dangers.find_dangers(parsing.read_field(form, "title"), parsing.read_field(form, "text"))
    return context.render(request, "citizen/danger.html", {"danger": box})


def _status(errors: Mapping[str, str], challenge: ChallengeRequired | None) -> int:
    if challenge is not None:
        return 403
    return 422 if errors else 200


def region_groups(names: Directory, root: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Streets with their communities, to choose from."""
    below: dict[str, list[tuple[str, str]]] = {}
    for row in names.regions():
        below.setdefault(row.parent, []).append((row.code, row.name))
    return [(name, [(code, f"{name}（不确定社区）"), *below.get(code, [])]) for code, name in below.get(root, [])]


def _rows(shown: Mapping[str, Any], names: Directory) -> list[tuple[str, str, str]]:
    """The answers to check, each with the step where it can be changed."""
    place = f"{names.region_name(shown['region'])} {shown['address']}".strip()
    publish = "同意在隐去个人信息后公开" if shown["public_consent"] else "不公开"
    return [
        ("类别", catalogue.KINDS.get(shown["kind"], ""), "/new/1"),
        ("标题", shown["title"], "/new/2"),
        ("情况说明", shown["text"], "/new/2"),
        ("地点", place or "没有填写", "/new/2"),
        ("照片和材料", "、".join(f["name"] for f in shown["files"]) or "没有添加", "/new/2"),
        ("姓名", shown["name"] or "没有填写", "/new/3"),
        ("手机号码", shown["phone"] or "没有填写", "/new/3"),
        ("电子邮箱", shown["email"] or "没有填写", "/new/3"),
        ("证件号码", "已填写" if shown["id_number"] else "没有填写", "/new/3"),
        ("年龄", catalogue.MARKERS.get(shown["age_group"], "已满十八周岁或没有填写"), "/new/3"),
        ("监护人", shown["guardian_name"] or "没有填写", "/new/3"),
        ("请求回避的人员", shown["exclude"] or "没有填写", "/new/3"),
        ("是否匿名", "匿名，承办单位看不到姓名电话" if shown["anonymous"] else "承办单位可以联系我", "/new/3"),
        ("是否公开", publish, "/new/3"),
    ]
