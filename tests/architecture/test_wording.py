"""Every act has one block of wording, and no block names a field its act does not have."""

from feedback.rules.lifecycle import STEPS
from feedback.rules.todo import TODO_RULES
from feedback.rules.vocabulary import Act
from web.wording import acts, catalogue
from web.wording.todo import TODOS


def test_every_act_has_one_block_of_words_and_nothing_else_has() -> None:
    assert set(acts.ACTS) == set(Act)


def test_no_block_speaks_of_a_field_the_act_does_not_ask_for() -> None:
    asked = {act: {need.name for step in STEPS if step.act is act for need in (*step.needs, *step.may)} for act in Act}
    strangers = {
        (act.value, name)
        for act, wording in acts.ACTS.items()
        for name in (*wording.fields, *(wording.citizen.fields if wording.citizen else ()))
        if name not in asked[act]
    }
    assert strangers == set()


def test_the_choices_of_a_field_have_words() -> None:
    codes = {code for wording in acts.ACTS.values() for field in wording.fields.values() for code in field.outcomes}
    assert codes <= set(catalogue.OUTCOMES)


def test_whatever_a_citizen_may_be_asked_for_has_its_words() -> None:
    assert {row.code for row in TODO_RULES} == set(TODOS)
