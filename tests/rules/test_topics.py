"""Are cases clustered, named and counted as people would, and do a few thousand cases take seconds?"""

import random
import time
from datetime import date, timedelta

from classify.model.seed_examples import seed_examples
from classify.topics import clustering
from classify.topics.clustering import Member, TopicCase
from tests.messages import BUS, MIXER

DAY = date(2026, 9, 14)


def _make_cases(messages: tuple[tuple[str, str], ...], start: int, who: str = "", back: int = 0) -> list[TopicCase]:
    return [
        TopicCase(f"N{start + i}", title, text, "990102001000", who or f"p{start + i}", DAY - timedelta(days=back))
        for i, (title, text) in enumerate(messages)
    ]


def _make_town() -> list[TopicCase]:
    own = [e for e in seed_examples([]) if e.source == "example"][::7]
    noise = [TopicCase(f"X{i}", e.title, e.text, "990102002000", f"x{i}", DAY) for i, e in enumerate(own)]
    return [*_make_cases(MIXER, 0), *_make_cases(BUS, 100), *noise]


def test_two_matters_among_many_messages_become_two_topics() -> None:
    topics = clustering.find_topics(_make_town())
    groups = [{member.no for member in topic.members} for topic in topics]
    mixer, bus = {f"N{i}" for i in range(5)}, {f"N{100 + i}" for i in range(4)}
    assert any(len(group & mixer) >= 4 and not group & bus for group in groups)
    assert any(len(group & bus) >= 3 and not group & mixer for group in groups)
    mixing = next(topic for topic in topics if {member.no for member in topic.members} & mixer)
    assert "搅拌站" in mixing.title
    assert clustering.find_common_region(mixing.members) == "990102001000"


def test_the_same_trouble_in_two_places_is_two_topics() -> None:
    def smoke(compound: str, start: int) -> list[TopicCase]:
        texts = (
            (f"{compound}烧烤店油烟扰民", f"{compound}楼下烧烤店油烟直排，气味飘进家里，不敢开窗"),
            (f"{compound}楼下烧烤油烟大", f"住在{compound}，楼下烧烤店的油烟每天飘到半夜，窗户不敢开"),
            (f"请管{compound}门口的烧烤摊", f"{compound}门口烧烤油烟直排，居民反映多次没有改"),
            (f"{compound}烧烤油烟没人管", f"{compound}一楼烧烤店没有油烟管道，油烟直排到楼上"),
        )
        return _make_cases(texts, start)

    topics = clustering.find_topics([*smoke("清风花园", 0), *smoke("石榴家园", 100), *_make_town()[9:]])
    groups = [{member.no for member in topic.members} for topic in topics]
    first, other = {f"N{i}" for i in range(4)}, {f"N{100 + i}" for i in range(4)}
    assert any(group >= first and not group & other for group in groups)
    assert any(group >= other and not group & first for group in groups)


def test_a_topic_is_named_by_its_place_and_its_trouble() -> None:
    titles = [topic.title for topic in clustering.find_topics(_make_town())]
    assert any("丽景新城" in title and "搅拌站" in title for title in titles)


def test_a_person_who_writes_fifty_times_is_no_topic() -> None:
    cases = [*_make_town()[5:], *_make_cases(MIXER * 10, 500, who="same")]
    assert not any("搅拌站" in topic.title for topic in clustering.find_topics(cases))


def test_all_anonymous_cases_count_as_one_person() -> None:
    members = [Member("1", "", DAY), Member("2", "", DAY), Member("3", "a", DAY - timedelta(days=8))]
    heat = clustering.compute_heat(members, DAY)
    assert (heat.people, heat.nameless, heat.cases, heat.this_week, heat.last_week) == (2, 2, 3, 1, 1)
    assert heat.growth == 1.0
    assert sum(heat.daily) == 3


def test_a_topic_keeps_its_thread_the_next_day() -> None:
    before = clustering.find_topics(_make_town())
    after = clustering.find_topics(
        [*_make_town(), *_make_cases((("搅拌站又开工了", "丽景新城的搅拌站今天又在生产，粉尘噪声"),), 900)], before
    )
    assert after[0].thread == before[0].thread
    assert len({topic.thread for topic in after}) == len(after)


def test_titles_lose_their_opening_words() -> None:
    assert clustering.strip_opening("关于请求尽快修路的建议") == "尽快修路的建议"
    assert clustering.strip_opening("投诉") == "投诉"


def test_too_few_or_empty_messages_make_no_topic() -> None:
    assert clustering.find_topics([]) == []
    assert clustering.find_topics(_make_cases(MIXER[:2], 0)) == []
    empty = [TopicCase(str(i), "", "", "", str(i), DAY) for i in range(5)]
    assert clustering.find_topics(empty) == []


def test_three_thousand_cases_take_seconds() -> None:
    rng = random.Random(2)
    own = [e for e in seed_examples([]) if e.source == "example"]
    pairs = [(rng.choice(own), rng.choice(own)) for _ in range(3000)]
    began = time.process_time()
    clustering.cluster_texts([a.title for a, _ in pairs], [a.text + b.text for a, b in pairs])
    assert time.process_time() - began < 20
