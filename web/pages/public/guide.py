"""The public guide: what is accepted, what is not and where it belongs, and the terms of what can be submitted here."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import office_day
from feedback.rules.terms import Holder, Term, is_personal, list_terms_in_force
from feedback.rules.vocabulary import PROFILE_OF, Kind, Profile
from web.context import AppContext
from web.wording import catalogue

PROFILE_WORDS = {Profile.PETITION: "信访事项", Profile.HOTLINE: "热线诉求", Profile.RATING: "差评整改"}


async def guide(request: Request) -> Response:
    """What is accepted, what is not and where it belongs, and the terms as the table says them."""
    context: AppContext = request.app.state.context
    terms = [
        term
        for term in list_terms_in_force(office_day(context.clock.now()))
        if term.holder is not Holder.CO and _reached_kinds(term)
    ]
    own = [_term_words(term) for term in terms if is_personal(term.code, term.holder)]
    offices = [_term_words(term) for term in terms if not is_personal(term.code, term.holder)]
    return context.render(request, "public/guide.html", {"terms": own, "office_terms": offices})


def _reached_kinds(term: Term) -> list[Kind]:
    """The kinds it is a promise for: those that are handled by its rule book."""
    return [kind for kind in Kind if kind in term.kinds and PROFILE_OF[kind] in term.profiles]


def _term_words(term: Term) -> dict[str, str]:
    reached = _reached_kinds(term)
    is_general = reached == [kind for kind in Kind if PROFILE_OF[kind] in term.profiles]
    scope = (
        "、".join(PROFILE_WORDS[p] for p in Profile if p in term.profiles)
        if is_general
        else "、".join(catalogue.KINDS[kind] for kind in reached)
    )
    urgency = "" if 0 in term.urgent else "，" + "、".join(catalogue.URGENCIES[level] for level in sorted(term.urgent))
    longer = (
        f"，经批准可以延长 {term.longer_by} {catalogue.UNITS_OF_LENGTH[term.length.unit]}" if term.longer_by else ""
    )
    return {
        "label": f"{term.label}（{scope}{urgency}）",
        "words": f"{term.length.count} {catalogue.UNITS_OF_LENGTH[term.length.unit]}{longer}"
        if not term.until
        else "到文书写明的日期",
        "law": term.law,
    }
