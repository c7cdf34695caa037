"""Does the recommender learn which unit answers: by place, by name, by recent answers, and before any by the rows?"""

import numpy as np
import pytest

from classify import taxonomy
from classify.recommend.unit_recommender import MIN_ANSWERS, CandidateUnit, UnitRecommender
from classify.text import place_names
from tests.models.classifier import cold

COUNTIES = (
    CandidateUnit("东山县人民政府办公室"),
    CandidateUnit("西河县人民政府办公室"),
    CandidateUnit("南湾市教育局"),
    CandidateUnit("南湾市信息中心"),
)
EAST, WEST, SCHOOLS, HUB = range(4)
MATTERS = ("道路坑洼一直没有修", "自来水压力太低", "路灯坏了很久", "广场舞音响太吵", "垃圾没有人清运")


def fit_on(answering: UnitRecommender, answers: list[tuple[str, int]]) -> UnitRecommender:
    for body, unit in answers:
        answering.add_answer(answering.score("反映问题", body), unit)
    answering.fit()
    return answering


def recommend(answering: UnitRecommender, title: str, body: str) -> int:
    return int(answering.predict_proba(answering.score(title, body)).argmax())


def make_county_answers() -> list[tuple[str, int]]:
    return [
        (f"{place}{matter}", unit) for matter in MATTERS for place, unit in (("东山城关", EAST), ("西河城关", WEST))
    ]


def test_a_county_is_recommended_for_its_place_whatever_the_category() -> None:
    answering = fit_on(UnitRecommender(cold(), len(COUNTIES), COUNTIES), make_county_answers())
    assert recommend(answering, "公交", "西河的公交班次太少") == WEST
    assert recommend(answering, "公交", "东山的公交班次太少") == EAST


def test_a_unit_without_answers_is_recommended_by_its_name() -> None:
    answering = UnitRecommender(cold(), len(COUNTIES), COUNTIES)
    assert recommend(answering, "南湾市教育局", "请教育局管一管校外补课") == SCHOOLS


def test_the_probabilities_add_up_and_every_unit_has_one() -> None:
    answering = fit_on(UnitRecommender(cold(), len(COUNTIES), COUNTIES), make_county_answers())
    shares = answering.predict_proba(answering.score("", "东山的水"))
    assert shares.sum() == pytest.approx(1.0) and (shares > 0).all()


def test_the_unit_that_answered_recently_is_preferred() -> None:
    old = [(f"咨询{matter}", EAST) for matter in MATTERS * 4]
    new = [(f"咨询{matter}", HUB) for matter in MATTERS * 4]
    assert recommend(fit_on(UnitRecommender(cold(), len(COUNTIES), COUNTIES), old + new), "咨询", "路灯不亮") == HUB


def test_before_any_answer_the_routing_rows_decide() -> None:
    routes = np.zeros((len(taxonomy.LEVEL2), 2))
    for i, code in enumerate(taxonomy.LEVEL2):
        routes[i, int(code.startswith("06"))] = 1.0
    answering = UnitRecommender(cold(), 2, routes=routes)
    assert recommend(answering, "小学补课", "学校周末强制学生补课收费") == 1
    assert recommend(answering, "拖欠工资", "工地拖欠农民工工资不发") == 0
    assert "place" not in answering.weight_by_predictor and "name" not in answering.weight_by_predictor


def test_routing_rows_nobody_follows_lose_their_weight() -> None:
    routes = np.zeros((len(taxonomy.LEVEL2), 2))
    routes[:, 0] = 1.0
    answers = [(f"{matter}，请处理{number}", 1) for number in range(8) for matter in MATTERS]
    answering = fit_on(UnitRecommender(cold(), 2, routes=routes), answers)
    assert recommend(answering, "路灯", "路灯又坏了") == 1
    assert all(weight >= 0 for weight in answering.weight_by_predictor.values())


def test_a_few_answers_change_no_weight() -> None:
    answering = UnitRecommender(cold(), len(COUNTIES), COUNTIES)
    before = answering.weight_by_predictor
    assert fit_on(answering, make_county_answers()[: MIN_ANSWERS - 1]).weight_by_predictor == before


def test_places_are_taken_from_the_names_of_units() -> None:
    names = ("平南县人民政府", "平州市教育局", "平州市平南县水务局", "清河街道", "区信访局")
    assert place_names.list_place_stems(names) == ["平南", "平州", "清河"]
    assert place_names.strip_place("平州市城市管理局") == "城市管理局"
