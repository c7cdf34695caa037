"""Routes of the board: the pages of overseers, each group with what it requires."""

from starlette.routing import Route

from web.auth.permissions import Requirement, requiring
from web.pages.board import (
    annual_report,
    forecasts,
    kpis,
    live,
    measures,
    orders,
    overdue,
    proposals,
    reply_quality,
    topics,
    unverified_ratings,
)

ROUTES = [
    *requiring(
        Requirement.OVERSEER,
        Route("/", live.board),
        Route("/fragment", live.fragment),
        Route("/stream", live.stream),
        Route("/late", overdue.late),
        Route("/untold", overdue.untold),
        Route("/unverified", unverified_ratings.listed),
        Route("/proposals", proposals.proposals),
        Route("/orders", orders.orders),
        Route("/forecast", forecasts.of_all),
        Route("/topics", topics.hot),
        Route("/topics/{thread}", topics.show_topic),
        Route("/answers", reply_quality.quality),
        Route("/kpis", kpis.table),
        Route("/kpis/cases", kpis.cases),
        Route("/kpis.csv", kpis.download),
        Route("/kpis.xlsx", kpis.download),
        Route("/report", annual_report.page),
        Route("/report.docx", annual_report.download),
        Route("/report.xlsx", annual_report.download),
    ),
    *requiring(Requirement.SUPERVISOR, Route("/proposals/{id}", proposals.decide, methods=["POST"])),
    # A unit reads here of the measures addressed to it.
    *requiring(Requirement.CASE_STAFF, Route("/measures", measures.listed)),
]
