"""The public guide: what is accepted, what is not and where it belongs, and the terms."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import office_day
from feedback.rules.terms import Holder, Term, list_terms_in_force
from feedback.rules.vocabulary import Profile
from web.context import AppContext
from web.wording import catalogue

PROFILE_WORDS = {Profile.PETITION: "信访事项", Profile.HOTLINE: "热线诉求", Profile.RATING: "差评整改"}


async def guide(request: Request) -> Response:
    """What is accepted, what is not and where it belongs, and the terms as the table says them."""
    context: AppContext = request.app.state.context
    rows = [
        _term_words(term)
        for term in list_terms_in_force(office_day(context.clock.now()))
        if term.holder is not Holder.CO
    ]
    return context.render(request, "public/guide.html", {"terms": rows})


def _term_words(term: Term) -> dict[str, str]:
    kinds = (
        "" if len(term.kinds) > len(catalogue.KINDS) - 2 else "、".join(catalogue.KINDS[k] for k in sorted(term.kinds))
    )
    profiles = "、".join(PROFILE_WORDS[p] for p in Profile if p in term.profiles)
    longer = (
        f"，经批准可以延长 {term.longer_by} {catalogue.UNITS_OF_LENGTH[term.length.unit]}" if term.longer_by else ""
    )
    return {
        "label": f"{term.label}（{kinds or profiles}）",
        "words": f"{term.length.count} {catalogue.UNITS_OF_LENGTH[term.length.unit]}{longer}"
        if not term.until
        else "到文书写明的日期",
        "law": term.law,
    }
