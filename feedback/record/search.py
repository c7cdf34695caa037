"""Full-text search of cases and published replies, with the same results on SQLite and PostgreSQL.

The tokens of `feedback.rules.search_terms` stand with their positions in a contentless FTS5 table on SQLite and in a
`tsvector` with a plain GIN index on PostgreSQL. A search is a condition for the WHERE of any query (`matching`), so that
lists are narrowed to what somebody may see, sorted and counted by the database, whatever the number of hits.

The tables carry the version of their tokens in the name. Those of the version before are searched too until
`feedback.search_rebuild` has written their rows anew and emptied them. Whoever changes the tokens raises the version.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from pypika_tortoise.terms import Term, ValueWrapper
from tortoise.backends.base.client import BaseDBAsyncClient

from feedback.kernel import db
from feedback.rules.search_terms import Phrase, former_phrases, query_phrases, tokenize


@dataclass(frozen=True, slots=True)
class WordIndex:
    """A table of words, and the one of the version before."""

    table: str
    former: str


CASES = WordIndex("feedback_case_words_2", "feedback_case_words")
REPLIES = WordIndex("feedback_reply_words_2", "feedback_reply_words")
INDEXES = (REPLIES, CASES)  # in the order in which they are rebuilt
_POSITION_MOST = 16_383  # of a tsvector
_POSITIONS_MOST = 255  # of one word in a tsvector

Condition = Sequence[Sequence[Phrase]]
"""Of each row any phrase, and that of all rows."""


async def create_tables() -> None:
    """Make the word tables if they are not there. They hold nothing that could not be made again."""
    connection = db.write_connection()
    for index_ in INDEXES:
        for statement in _ddl(index_, _is_sqlite(connection)):
            await connection.execute_script(statement)


def _ddl(index_: WordIndex, sqlite: bool) -> Sequence[str]:
    if sqlite:
        # The tokens are cut already: "ascii" takes every other character for a letter, in any version of Unicode.
        return [
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {index_.table} USING fts5(tok, content='', tokenize='ascii')",
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {index_.former} USING fts5("
            "tok, content='', detail=none, tokenize='unicode61 remove_diacritics 0')",
        ]
    return [
        statement
        for table in (index_.table, index_.former)
        for statement in (
            f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT PRIMARY KEY, tok tsvector NOT NULL)",
            f"CREATE INDEX IF NOT EXISTS {table}_tok ON {table} USING gin (tok)",
        )
    ]


# ---- rows ----


def case_words(title: str, address: str, text: str) -> str:
    """What a case is found by; the text last, since a very long one is not indexed to its end."""
    return f"{title}\n{address}\n{text}"


def reply_words(title: str, question: str, answer: str) -> str:
    """What a published reply is found by."""
    return f"{title}\n{question}\n{answer}"


async def index(index_: WordIndex, row_id: int, text: str, before: str | None = None) -> None:
    """Make a row findable by its words; `before` is the text it was indexed with until now."""
    connection, table = db.write_connection(), index_.table
    if _is_sqlite(connection):
        if before is not None:
            await _delete_words(index_, row_id, before)
        await connection.execute_query(
            f"INSERT INTO {table}(rowid, tok) VALUES(?, ?)",
            [row_id, " ".join(tokenize(text))],
        )
        return
    if before is not None:
        await connection.execute_query(f"DELETE FROM {index_.former} WHERE id = $1", [row_id])  # noqa: S608
    await connection.execute_query(
        f"INSERT INTO {table}(id, tok) VALUES($1, $2::text::tsvector) ON CONFLICT (id) DO UPDATE SET tok = EXCLUDED.tok",
        [row_id, to_tsvector(tokenize(text))],
    )


async def remove(index_: WordIndex, row_id: int, text: str) -> None:
    """Make a row that was indexed with `text` findable no more."""
    connection = db.write_connection()
    if _is_sqlite(connection):
        await _delete_words(index_, row_id, text)
        return
    for table in (index_.table, index_.former):
        await connection.execute_query(f"DELETE FROM {table} WHERE id = $1", [row_id])  # noqa: S608


async def purge_removed(index_: WordIndex) -> None:
    """Take the words of removed rows out of the file: FTS5 only marks them. PostgreSQL does so by its own vacuum."""
    connection = db.write_connection()
    if _is_sqlite(connection):
        for table in (index_.table, index_.former):
            await connection.execute_query(f"INSERT INTO {table}({table}) VALUES('optimize')")


async def _delete_words(index_: WordIndex, row_id: int, text: str) -> None:
    """Take a row's words out of a contentless table, which must be told them, and be told none it does not hold."""
    table = index_.table
    if await list_indexed_ids(index_, row_id, row_id):
        await db.write_connection().execute_query(
            f"INSERT INTO {table}({table}, rowid, tok) VALUES('delete', ?, ?)",
            [row_id, " ".join(tokenize(text))],
        )


async def list_indexed_ids(index_: WordIndex, first: int, last: int) -> set[int]:
    """Ids from `first` to `last` whose words stand in the table of this version."""
    connection = db.write_connection()
    column, places = ("rowid", "? AND ?") if _is_sqlite(connection) else ("id", "$1 AND $2")
    rows = await connection.execute_query_dict(
        f"SELECT {column} AS id FROM {index_.table} WHERE {column} BETWEEN {places}",  # noqa: S608
        [first, last],
    )
    return {int(row["id"]) for row in rows}


async def has_former(index_: WordIndex) -> bool:
    """Whether rows of the version before are left."""
    connection = db.write_connection()
    column = "rowid" if _is_sqlite(connection) else "id"
    return bool(await connection.execute_query_dict(f"SELECT {column} AS id FROM {index_.former} LIMIT 1"))  # noqa: S608


async def clear_former(index_: WordIndex) -> None:
    """Empty the table of the version before."""
    connection, table = db.write_connection(), index_.former
    if _is_sqlite(connection):
        await connection.execute_query(f"INSERT INTO {table}({table}) VALUES('delete-all')")
    else:
        await connection.execute_query(f"DELETE FROM {table}")  # noqa: S608


# ---- search ----


class Matching(Term):
    """The ids of the rows that meet a condition, for `id__in`; of cases also the one with that number."""

    def __init__(
        self, index_: WordIndex, condition: Condition, former: Condition | None = None, case_no: str = ""
    ) -> None:
        super().__init__()
        self.index = index_
        self.condition = condition
        self.former = former or condition
        self.case_no = case_no

    def get_sql(self, ctx: SqlContext) -> str:
        is_sqlite = ctx.dialect is Dialects.SQLITE
        render = _to_match if is_sqlite else _to_tsquery
        place = ValueWrapper(render(self.condition, _join_phrase)).get_sql(ctx)
        former_place = ValueWrapper(render(self.former, _join_loosely)).get_sql(ctx)
        table, former = self.index.table, self.index.former
        by_number = (
            f" UNION ALL SELECT id FROM feedback_case WHERE no = {ValueWrapper(self.case_no).get_sql(ctx)}"  # noqa: S608
            if self.case_no
            else ""
        )
        if is_sqlite:
            return (
                f"(SELECT rowid FROM {table} WHERE {table} MATCH {place} "  # noqa: S608
                f"UNION ALL SELECT rowid FROM {former} WHERE {former} MATCH {former_place}{by_number})"
            )
        # The hits are fetched before the list is sorted: the planner would otherwise walk the list and filter.
        return (
            f"(WITH hits AS MATERIALIZED (SELECT id FROM {table} WHERE tok @@ {place}::text::tsquery "  # noqa: S608
            f"UNION ALL SELECT id FROM {former} WHERE tok @@ {former_place}::text::tsquery{by_number}) SELECT id FROM hits)"
        )


def matching(index_: WordIndex, query: str, case_no: str = "") -> Matching | None:
    """The rows that hold every word of the query, or have the case number; None when it holds no word."""
    phrases = query_phrases(query)
    former = [[phrase] for phrase in former_phrases(query)]
    return Matching(index_, [[phrase] for phrase in phrases], former, case_no) if phrases else None


async def count_matches(
    index_: WordIndex, alternatives: Sequence[Sequence[Phrase]], most: int
) -> tuple[int, list[int]]:
    """About how many rows there are, and how many hold any phrase of each row, none counted beyond `most`. One statement."""
    connection, table = db.read_connection(), index_.table
    is_sqlite = _is_sqlite(connection)
    column = "rowid" if is_sqlite else "id"
    parts = [f"SELECT -1 AS place, (SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 1) AS hits"]  # noqa: S608
    for place in range(len(alternatives)):
        condition = f"{table} MATCH ?" if is_sqlite else f"tok @@ ${place + 1}::text::tsquery"
        parts.append(
            f"SELECT {place}, count(*) FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT {most:d}) AS limited"  # noqa: S608
        )
    render = _to_match if is_sqlite else _to_tsquery
    values = [render([phrases], _join_phrase) for phrases in alternatives]
    rows = await connection.execute_query_dict(" UNION ALL ".join(parts), values)
    counts = {int(row["place"]): int(row["hits"] or 0) for row in rows}
    return counts[-1], [counts[place] for place in range(len(alternatives))]


_Join = Callable[[list[str], str, str], str]


def _join_phrase(tokens: list[str], then: str, both: str) -> str:
    """Tokens that follow each other."""
    return f" {then} ".join(tokens)


def _join_loosely(tokens: list[str], then: str, both: str) -> str:
    """Tokens in any place: the tables of the version before knew no order."""
    return "(" + f" {both} ".join(tokens) + ")"


def _to_match(condition: Condition, join: _Join) -> str:
    """The condition as FTS5 reads it. Tokens hold letters and digits only."""
    return " AND ".join(
        "("
        + " OR ".join(
            join(_mark_open([f'"{token}"' for token in phrase.tokens], phrase, " *"), "+", "AND") for phrase in phrases
        )
        + ")"
        for phrases in condition
    )


def _to_tsquery(condition: Condition, join: _Join) -> str:
    """The condition as PostgreSQL reads it."""
    return " & ".join(
        "("
        + " | ".join(
            "(" + join(_mark_open([f"'{_quote(token)}'" for token in phrase.tokens], phrase, ":*"), "<->", "&") + ")"
            for phrase in phrases
        )
        + ")"
        for phrases in condition
    )


def _mark_open(tokens: list[str], phrase: Phrase, mark: str) -> list[str]:
    return [*tokens[:-1], tokens[-1] + mark] if phrase.is_open else tokens


def _is_sqlite(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "sqlite"


def _quote(token: str) -> str:
    return token.replace("\\", "\\\\").replace("'", "''")


def to_tsvector(tokens: Iterable[str]) -> str:
    positions: dict[str, list[int]] = {}
    for position, token in enumerate(tokens, 1):
        places = positions.setdefault(token, [])
        if len(places) < _POSITIONS_MOST and position < _POSITION_MOST:
            places.append(position)
    return " ".join(f"'{_quote(token)}':{','.join(map(str, places))}" for token, places in positions.items() if places)
