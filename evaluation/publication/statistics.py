"""Statistics that can be published of a period: counted per unit and in all, with small cells hidden.

The columns and their formulae are data, so that the page, the API and the files say the same. The counts behind the
table are protected by a keyed digest: it changes with any of them, yet nobody can try out the hidden ones, as a plain
digest of small numbers would allow. Shares are 0–1, levels 1–5 with 5 the best. No I/O.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from evaluation import disclosure
from evaluation.disclosure import DisclosureRules, Levels, PublishedCell
from evaluation.kpi import timeliness
from evaluation.kpi.timeliness import ClockCounts, ClockFact, TenureFact
from evaluation.periods import Period
from evaluation.scale import INDICATOR_SET, LEVELS
from feedback.kernel.crypto import Vault

LAYOUT_VERSION = 3
"""Edition of this layout: an old edition is read by the columns it carries. Up to 2 the district's clocks in `total`
were the citizens' own; since 3 every column of `total` is the sum of the units, and `citizens` has those clocks."""
_LAST_WITHOUT_CITIZENS = 2
CITIZENS_NAME = "全区（群众总时限）"
NOT_SUMMED = "not_summed"
"""Why a row of the district leaves a column empty: the other row of the district has it."""


@dataclass(frozen=True, slots=True)
class Formula:
    """One column: what it is called, how it is counted, and whose definition that is."""

    code: str
    name: str
    sort: str  # count | share | mean
    formula: str
    source: str


_RATING_NOTICE = "国办发〔2019〕51号"
_LOCAL_DEFINITION = "本平台约定"

# fmt: off
FORMULAE: tuple[Formula, ...] = (
    Formula("received", "收到诉求", "count", "当期收到的诉求件数，按主办单位计；尚未交办的计入受理窗口。差评整改件另计", "信访工作条例 第四十一条"),
    Formula("on_time", "按期", "count", "当期内按期完成的时限数，单位对承办期内的各项时限负责；群众总时限（从提交到答复）另列一行，不是各单位之和", "信访工作条例 第二十二、二十三、三十四条"),
    Formula("late", "超期", "count", "当期内到期而未完成的时限数，事后补办的和至今未办的都算", "信访工作条例 第四十条"),
    Formula("running", "在办未到期", "count", "期末仍在办理且未到期的时限数，不计入按期率的分母", _LOCAL_DEFINITION),
    Formula("held", "挂账", "count", "当期经批准挂账的时限数，单列，不计入按期率的分母", _LOCAL_DEFINITION),
    Formula("unfinished", "超期未办", "count", "期末已超期且仍未完成的时限数，含以前各期转来的", _LOCAL_DEFINITION),
    Formula("timeliness", "按期率", "share", "按期 ÷（按期＋超期）。各单位和全区合计的是单位按期率；群众按期率只看群众总时限，另列一行", "信访工作条例 第三十四条；超期未办一并计入分母"),
    Formula("ratings", "评价数", "count", "当期有效评价数：只计群众主动作出的首次评价，不计系统默认评价、追加评价和经审核认定无效的评价", _RATING_NOTICE),
    Formula("mean_level", "平均满意度", "mean", "各评价等级之和 ÷ 评价数；非常满意 5、满意 4、基本满意 3、不满意 2、非常不满意 1", _LOCAL_DEFINITION),
    Formula("score", "平均得分（十分制）", "mean", "各评价得分之和 ÷ 评价数；五个等级依次得 {weights} 分", _LOCAL_DEFINITION),
    Formula("good_share", "好评率", "share", "（非常满意＋满意＋基本满意）÷ 评价数", _RATING_NOTICE),
    Formula("bad", "差评数", "count", "不满意与非常不满意的评价数", _RATING_NOTICE),
    Formula("follow_ups", "追加评价", "count", "当期作出的追加评价数，只列数量，不计入满意度", _RATING_NOTICE),
    Formula("rectify_due", "应整改差评", "count", "整改在当期完成或者到期的差评数", _RATING_NOTICE),
    Formula("rectified", "已整改", "count", "应整改差评中，期末前已整改或者已作出解释说明的件数", _RATING_NOTICE),
    Formula("rectified_on_time", "按期整改", "count", "应整改差评中，在期限内整改或者作出解释说明的件数", _RATING_NOTICE),
    Formula("rectified_share", "差评整改率", "share", "已整改 ÷ 应整改差评", _RATING_NOTICE + "（实名差评回访整改率 100%）"),
    Formula("rectified_on_time_share", "按期整改率", "share", "按期整改 ÷ 应整改差评", _LOCAL_DEFINITION),
)
# fmt: on

_CLOCK_COLUMNS = ("on_time", "late", "running", "held", "unfinished")
_SUMMED_COLUMNS = (
    "received",
    *_CLOCK_COLUMNS,
    "ratings",
    "bad",
    "follow_ups",
    "rectify_due",
    "rectified",
    "rectified_on_time",
)
"""The counts: in all of them the district is the sum of its units."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything counted for one unit, or for the district, in a period; `citizens` for the district: their own clocks."""

    unit: str
    received: int = 0
    on_time: int = 0
    late: int = 0
    running: int = 0
    held: int = 0
    unfinished: int = 0
    levels: Levels = field(default_factory=Levels)
    follow_ups: int = 0
    rectify_due: int = 0
    rectified: int = 0
    rectified_on_time: int = 0
    citizens: ClockCounts = ClockCounts()

    @property
    def ratings(self) -> int:
        return self.levels.total

    @property
    def bad(self) -> int:
        return self.levels.bad

    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in _SUMMED_COLUMNS)


def count_units(
    received: Mapping[str, int],
    clocks: Sequence[ClockFact],
    tenures: Sequence[TenureFact],
    ratings: Mapping[str, Levels],
    follow_ups: Mapping[str, int],
    period: Period,
    at: datetime,
) -> tuple[list[Counts], Counts]:
    """The counts of each unit that has any, in the order of their codes, and those of the district."""
    clock_counts = timeliness.count_by_unit(clocks, tenures, period, at)
    rectifications = timeliness.count_rectifications(clocks, tenures, period, at)
    rows = []
    for unit in sorted({*received, *clock_counts, *rectifications, *ratings, *follow_ups}):
        unit_clocks, rectification = (
            clock_counts.get(unit, timeliness.ClockCounts()),
            rectifications.get(unit, timeliness.RectificationCounts()),
        )
        rows.append(
            Counts(
                unit=unit,
                received=received.get(unit, 0),
                **asdict(unit_clocks),
                levels=ratings.get(unit, Levels()),
                follow_ups=follow_ups.get(unit, 0),
                rectify_due=rectification.due,
                rectified=rectification.done,
                rectified_on_time=rectification.on_time,
            )
        )
    sums = {name: sum(getattr(row, name) for row in rows) for name in _SUMMED_COLUMNS if name not in ("ratings", "bad")}
    levels = disclosure.sum_levels([row.levels for row in rows])
    district = Counts("", levels=levels, citizens=timeliness.count_citizen_clocks(clocks, period, at), **sums)
    return [row for row in rows if not row.is_empty()], district


def build_cells(
    rows: Sequence[Counts], district: Counts, rules: DisclosureRules
) -> tuple[list[dict[str, PublishedCell]], dict[str, PublishedCell]]:
    """The cells of each unit and of the district, by column, with the small ones hidden."""
    columns = {
        name: disclosure.suppress_column([getattr(row, name) for row in rows], rules) for name in _SUMMED_COLUMNS
    }
    columns["bad"] = disclosure.suppress_column([row.bad for row in rows], rules, columns["ratings"][0])
    units = []
    for i, row in enumerate(rows):
        units.append(_add_rates({name: columns[name][0][i] for name in _SUMMED_COLUMNS}, row, rules))
    total = {name: columns[name][1] for name in _SUMMED_COLUMNS}
    means = disclosure.guard_means([cells["mean_level"] for cells in units], [row.ratings for row in rows], rules)
    for cells, mean, row in zip(units, means, rows, strict=True):
        cells |= {"mean_level": mean, "score": disclosure.score_cell(row.levels, mean, rules)}
    return units, _add_rates(total, district, rules)


def _citizen_cells(counts: ClockCounts, rules: DisclosureRules) -> dict[str, PublishedCell]:
    """The citizens' own clocks and their rate; every other column stands in the total."""
    cells = {name: disclosure.count_cell(getattr(counts, name), rules) for name in _CLOCK_COLUMNS}
    cells["timeliness"] = disclosure.timeliness_cell(cells["on_time"], cells["late"], rules)
    return {row.code: cells.get(row.code, PublishedCell(None, NOT_SUMMED)) for row in FORMULAE}


def _add_rates(counts: dict[str, PublishedCell], row: Counts, rules: DisclosureRules) -> dict[str, PublishedCell]:
    mean = disclosure.mean_cell(row.levels, counts["ratings"], counts["bad"], rules)
    return counts | {
        "timeliness": disclosure.timeliness_cell(counts["on_time"], counts["late"], rules),
        "mean_level": mean,
        "score": disclosure.score_cell(row.levels, mean, rules),
        "good_share": disclosure.complement_cell(counts["bad"], counts["ratings"], rules),
        "rectified_share": disclosure.share_cell(counts["rectified"], counts["rectify_due"], rules),
        "rectified_on_time_share": disclosure.share_cell(counts["rectified_on_time"], counts["rectify_due"], rules),
    }


def build_table(
    period: Period,
    rows: Sequence[Counts],
    district: Counts,
    rules: DisclosureRules,
    names: Mapping[str, str],
    *,
    vault: Vault,
    provisional: bool,
    key_figures: Sequence[Mapping[str, Any]] = (),
    regions: Mapping[str, int] | None = None,
    fact_counts: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The table as it is published and frozen: plain JSON values, `digest` over all of it.

    `key_figures` are those of the whole district, ready to be shown; `regions` the cases received by street or town;
    `fact_counts` the facts the key figures were made of, for the seal.
    """
    units, total = build_cells(rows, district, rules)
    table = {
        "layout": LAYOUT_VERSION,
        "period": period.name,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "provisional": provisional,
        "cell_min": rules.cell_min,
        "rank_min": rules.rank_min,
        "indicator_set": INDICATOR_SET,
        "total": {"unit": "", "name": "全区"} | _cells_to_json(total),
        "citizens": {"unit": "", "name": CITIZENS_NAME} | _cells_to_json(_citizen_cells(district.citizens, rules)),
        "levels": _level_distribution(district.levels, rules),
        "units": [
            {"unit": row.unit, "name": names.get(row.unit, row.unit)} | _cells_to_json(cells)
            for row, cells in zip(rows, units, strict=True)
        ],
        "kpis": list(key_figures),
        "regions": list_regions(regions or {}, names, rules),
        "formulae": list_formulae(rules),
        "inputs_seal": compute_inputs_seal(rows, district, vault, {**(fact_counts or {}), **(regions or {})}),
    }
    return table | {"digest": compute_digest(table)}


def list_regions(counts: Mapping[str, int], names: Mapping[str, str], rules: DisclosureRules) -> list[dict[str, Any]]:
    """The cases received in each street or town, small ones hidden; none at all where the sum could not be shown."""
    codes = sorted(counts)
    cells, total = disclosure.suppress_column([counts[code] for code in codes], rules)
    if total.value is None:
        return []
    return [
        {"region": code, "name": names.get(code, code), "received": cell.value, "hidden": cell.reason}
        for code, cell in zip(codes, cells, strict=True)
    ]


def _level_distribution(levels: Levels, rules: DisclosureRules) -> dict[str, int] | None:
    """How the ratings of the district spread over the levels; None when any level has too few.

    All or nothing: beside a total, a mean and the bad ones, a single hidden level could be worked out.
    """
    counts = {str(row.level): levels.counts.get(row.level, 0) for row in LEVELS}
    return None if any(0 < n < rules.cell_min for n in counts.values()) else counts


def list_formulae(rules: DisclosureRules) -> list[dict[str, str]]:
    """The columns as plain values, with the weights in force."""
    weights = "、".join(str(rules.weights[row.level]) for row in LEVELS)
    return [asdict(row) | {"formula": row.formula.format(weights=weights)} for row in FORMULAE]


def _cells_to_json(cells: Mapping[str, PublishedCell]) -> dict[str, Any]:
    """Cells as JSON: the values by column, and beside them why some are null and what the others allow to say."""
    ordered = {row.code: cells[row.code] for row in FORMULAE}
    return {code: cell.value for code, cell in ordered.items()} | {
        "hidden": {code: cell.reason for code, cell in ordered.items() if cell.reason},
        "bounds": {code: list(cell.bounds) for code, cell in ordered.items() if cell.bounds},
        "intervals": {code: list(cell.interval) for code, cell in ordered.items() if cell.interval},
    }


def compute_inputs_seal(
    rows: Iterable[Counts], district: Counts, vault: Vault, extra_counts: Mapping[str, int] | None = None
) -> str:
    """HMAC-SHA256 over every count behind the table, hidden ones included."""
    counts = [_counts_to_json(row) for row in (*sorted(rows, key=lambda r: r.unit), district)]
    counts += [dict(extra_counts)] if extra_counts else []
    key = vault.mac_key("evaluation-inputs")
    return hmac.new(key, _canonical_json(counts), hashlib.sha256).hexdigest()


def _counts_to_json(row: Counts) -> dict[str, Any]:
    levels = {str(level.level): row.levels.counts.get(level.level, 0) for level in LEVELS}
    names = ("unit", *(name for name in _SUMMED_COLUMNS if name not in ("ratings", "bad")))
    return {name: getattr(row, name) for name in names} | {"levels": levels, "citizens": asdict(row.citizens)}


def compute_digest(table: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a published table without its own digest: anybody can check it."""
    return hashlib.sha256(_canonical_json({k: v for k, v in table.items() if k != "digest"})).hexdigest()


def _canonical_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def list_district_rows(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The district in two rows: what is the sum of its units, and the citizens' own clocks, which are nobody's sum."""
    total = figures["total"]
    if figures["layout"] > _LAST_WITHOUT_CITIZENS:
        return [dict(total), dict(figures["citizens"])]
    clock_columns = {*_CLOCK_COLUMNS, "timeliness"}

    def only(name: str, codes: set[str]) -> dict[str, Any]:
        others = {row.code: None for row in FORMULAE if row.code not in codes}
        hidden = {code: why for code, why in total["hidden"].items() if code in codes}
        bounds = {code: both for code, both in total["bounds"].items() if code in codes}
        return {**total, **others, "name": name, "hidden": hidden | dict.fromkeys(others, NOT_SUMMED), "bounds": bounds}

    return [
        only(total["name"], {row.code for row in FORMULAE} - clock_columns),
        only(CITIZENS_NAME, clock_columns),
    ]


def render_reason(reason: str) -> str:
    """Why a figure is not given, in words for people."""
    if reason == NOT_SUMMED:
        return "—"
    if reason == disclosure.PROTECTS_ANOTHER:
        return "为保护其他不公布的数据而不公布"
    return f"不足{reason.removeprefix('fewer_than_')}，不公布"
