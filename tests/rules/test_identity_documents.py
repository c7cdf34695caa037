"""Numbers of identity documents: those of each kind, and those that nobody can have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules.identity_documents import DOCUMENT_KINDS, find_fault, is_id_number, is_organization_code
from feedback.rules.intake import PersonSubmission, Submission, normalize_document, person_faults, tidy

GOOD = [
    ("111", "110101199003074514"),
    ("111", "810000199408230021"),  # a residence permit of a person of Hong Kong
    ("111", "830000199201300022"),
    ("414", "EA1234567"),
    ("414", "E12345678"),
    ("414", "123456789"),
    ("414", "YB1234567"),
    ("511", "12345678"),
    ("511", "0123456789B"),
    ("516", "H12345678"),
    ("516", "M0123456701"),
    ("553", "USA110088080801"),
    ("999", "军字第1234567号"),
]
IMPOSSIBLE = [
    ("111", "11010119991399001X"),  # the thirteenth month
    ("111", "00000000000000001X"),
    ("111", "000000000000000001"),
    ("111", "110101199002300014"),
    ("111", "110101199003074515"),  # a wrong check digit
    ("111", "990101199003074514"),
    ("111", "110101900307451"),  # 15 places, out of use since 2013
    ("111", "EA1234567"),
    ("414", "000000000"),
    ("414", "ABCDEFG"),
    ("414", "E1"),
    ("511", "1234567"),
    ("516", "X12345678"),
    ("516", "H1234567"),
    ("553", "USA110088130801"),
    ("999", "---"),
    ("222", "110101199003074514"),
    ("", "110101199003074514"),
]


def _check_digit(first: str) -> str:
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(first))
    return "10X98765432"[total % 11]


@pytest.mark.parametrize(("kind", "number"), GOOD)
def test_a_number_of_its_kind_is_taken(kind: str, number: str) -> None:
    assert find_fault(kind, number) is None


@pytest.mark.parametrize(("kind", "number"), IMPOSSIBLE)
def test_a_number_that_cannot_be_is_refused(kind: str, number: str) -> None:
    assert find_fault(kind, number)


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_a_right_check_digit_alone_makes_no_resident_number(first: str) -> None:
    """Random digits with the right check digit are taken only with a province and a real day of birth."""
    number = first + _check_digit(first)
    month, day = int(number[10:12]), int(number[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        assert not is_id_number(number)


@given(st.text(max_size=40), st.sampled_from([row.code for row in DOCUMENT_KINDS]))
def test_any_text_is_answered_with_a_fault_or_taken_as_it_stands(text: str, kind: str) -> None:
    number = normalize_document(text)
    fault = find_fault(kind, number)
    assert fault is None or fault[0] == "id_number"


def test_what_people_type_around_a_number_is_dropped() -> None:
    draft = Submission(
        "help", "办证", "请帮忙", "web", "", person=PersonSubmission(id_kind="516", id_number="ｈ 1234-5678")
    )
    person = tidy(draft).person
    assert person and (person.id_kind, person.id_number) == ("516", "H12345678")


def test_a_number_without_a_kind_is_a_resident_identity_card() -> None:
    assert person_faults(PersonSubmission(id_kind="111", id_number="EA1234567")) == {
        "person.id_number": "not_an_id_number"
    }
    draft = Submission("help", "办证", "请帮忙", "web", "", person=PersonSubmission(id_number="110101199003074514"))
    person = tidy(draft).person
    assert person and person.id_kind == "111"


@pytest.mark.parametrize(
    ("code", "is_good"),
    [
        ("91350100M000100Y43", True),  # the sample of GB 32100
        ("91350100M000100Y44", False),
        ("91350100M000100Y4", False),
        ("9135010OM000100Y43", False),  # O is no character of it
        ("", False),
    ],
)
def test_the_code_of_an_organisation_ends_with_its_check(code: str, is_good: bool) -> None:
    assert is_organization_code(code) is is_good
