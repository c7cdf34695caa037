"""Routes of the desk: the pages of everybody on the staff, each group with what it requires beyond a session."""

from starlette.routing import Route

from web.auth.permissions import Requirement, requiring
from web.pages.account import password, second_factor
from web.pages.board import forecasts, measures
from web.pages.citizen import letters
from web.pages.desk import (
    bad_ratings,
    bulk,
    bursts,
    case_steps,
    clock,
    duplicates,
    export,
    handlings,
    inbox,
    phone_calls,
    query_codes,
    queue,
    register,
)

ROUTES = [
    *requiring(
        Requirement.STAFF,
        Route("/", queue.queue),
        Route("/bulk", bulk.bulk, methods=["POST"]),
        Route("/bulk", queue.queue),
        Route("/notices", inbox.listed),
        Route("/notices/read", inbox.mark, methods=["POST"]),
        Route("/notices/mail", inbox.address, methods=["POST"]),
        Route("/notices/{id}", inbox.digest),
        Route("/password", password.change, methods=["GET", "POST"]),
        Route("/second-factor", second_factor.shown),
        Route("/second-factor", second_factor.switch_on, methods=["POST"]),
        Route("/second-factor/off", second_factor.switch_off, methods=["POST"]),
        Route("/campaigns/{no}", duplicates.campaign, methods=["GET", "POST"]),
        Route("/links/{id}/{what}", duplicates.back),
        Route("/cases/{no}/links", duplicates.back),
        Route("/cases/{no}", case_steps.case),
        Route("/cases/{no}/acts/{act}", case_steps.act, methods=["POST"]),
        Route("/cases/{no}/preview", case_steps.preview, methods=["POST"]),
        Route("/cases/{no}/route", case_steps.route, methods=["POST"]),
        Route("/cases/{no}/acts/{act}", case_steps.back),
        Route("/cases/{no}/preview", case_steps.back),
        Route("/cases/{no}/route", case_steps.back),
        Route("/cases/{no}/letters/{id}.{form}", letters.at_desk),
        Route("/cases/{no}/letters", letters.preview, methods=["POST"]),
        Route("/cases/{no}/letters", letters.back),
        Route("/cases/{no}/clocks/{seq:int}/{term}", clock.staff),
        Route("/files/{id}", case_steps.attachment),
    ),
    *requiring(
        Requirement.RECEPTION,
        Route("/register", register.register, methods=["GET", "POST"]),
        Route("/register/check", register.check, methods=["POST"]),
        Route("/register/drop", register.drop, methods=["POST"]),
        Route("/register/{no}", register.registered),
        Route("/query-codes", query_codes.search, methods=["GET", "POST"]),
        Route("/query-codes/{no}", query_codes.issue, methods=["POST"]),
        Route("/repeats", duplicates.pending),
        Route("/bursts", bursts.bursts),
        Route("/links/{id}/{what}", duplicates.decide, methods=["POST"]),
        Route("/cases/{no}/links", duplicates.add, methods=["POST"]),
    ),
    *requiring(
        Requirement.CASE_STAFF,
        Route("/export.xlsx", export.export),
        Route("/ratings", bad_ratings.page),
        *(Route(f"/ratings/{step}", bad_ratings.take, methods=["POST"]) for step in bad_ratings.STEPS),
    ),
    *requiring(
        Requirement.WORKER,
        Route("/forecast", forecasts.of_unit),
        Route("/handlings", handlings.register, methods=["GET", "POST"]),
        Route("/handlings/{id:int}", handlings.slip),
        Route("/phone-calls", phone_calls.listed),
        Route("/phone-calls/{id}", phone_calls.record, methods=["POST"]),
    ),
    *requiring(Requirement.SUPERVISOR, Route("/measures/new", measures.new, methods=["GET", "POST"])),
    *requiring(
        Requirement.CASE_STAFF,
        Route("/measures", measures.listed),
        Route("/measures/export.xlsx", measures.export),
        Route("/measures/{id}", measures.show_measure),
        Route("/measures/{id}/letter.{form}", measures.letter),
        Route("/measures/{id}/{act}", measures.act, methods=["POST"]),
    ),
]
