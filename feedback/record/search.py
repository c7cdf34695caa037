"""Full-text search of cases and published replies, with the same results on SQLite and PostgreSQL.

Text is narrowed (NFKC, case-folded) and cut into bigrams of Chinese runs and whole Latin words or numbers.
SQLite keeps them in a contentless FTS5 table, PostgreSQL in a `tsvector` with a plain GIN index; a query is the AND
of its tokens. Callers check the hits against the text itself, because bigrams alone may lie across a gap.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from feedback.kernel import db

CASES = "feedback_case_words"
REPLIES = "feedback_reply_words"
_TABLES = (CASES, REPLIES)
_RUN = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|[^\W_\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
QUERY_MOST = 40  # characters of a query that count
TEXT_MOST = 6000  # characters of a text that are indexed


def normalize(text: str) -> str:
    """The text as it is compared: compatibility forms unified, case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def _is_chinese(run: str) -> bool:
    return run[0] >= "\u3400"


def tokenize(text: str) -> list[str]:
    """What a text is found by: each bigram of a Chinese run and its last character, each other word whole."""
    unique: dict[str, None] = {}
    for run in _RUN.findall(normalize(text)[:TEXT_MOST]):
        if _is_chinese(run):
            unique.update(dict.fromkeys(run[i : i + 2] for i in range(len(run) - 1)))
            unique[run[-1]] = None
        else:
            unique[run] = None
    return list(unique)


def query_tokens(query: str) -> list[tuple[str, bool]]:
    """The tokens a query asks for; True where any token beginning so will do (a single Chinese character)."""
    unique: dict[tuple[str, bool], None] = {}
    for run in _RUN.findall(normalize(query)[:QUERY_MOST]):
        if _is_chinese(run) and len(run) > 1:
            unique.update(dict.fromkeys((run[i : i + 2], False) for i in range(len(run) - 1)))
        else:
            unique[(run, _is_chinese(run))] = None
    return list(unique)


def query_terms(query: str) -> list[str]:
    """The words of a query as they must stand in the text."""
    return [term for term in normalize(query)[:QUERY_MOST].split() if term]


def matches(query: str, *texts: str) -> bool:
    """Whether every word of the query stands in one of the texts."""
    haystack = normalize("\n".join(texts))
    return all(term in haystack for term in query_terms(query))


async def create_tables() -> None:
    """Make the word tables if they are not there. They hold nothing that could not be made again."""
    connection = db.write_connection()
    for table in _TABLES:
        for statement in _ddl(table, _is_sqlite(connection)):
            await connection.execute_script(statement)


async def index(table: str, row_id: int, text: str, before: str | None = None) -> None:
    """Make a row findable by its words; `before` is the text it was indexed with until now."""
    connection = db.write_connection()
    if _is_sqlite(connection):
        if before is not None:
            await connection.execute_query(
                f"INSERT INTO {table}({table}, rowid, tok) VALUES('delete', ?, ?)",
                [row_id, " ".join(tokenize(before))],
            )
        await connection.execute_query(
            f"INSERT INTO {table}(rowid, tok) VALUES(?, ?)",
            [row_id, " ".join(tokenize(text))],
        )
        return
    await connection.execute_query(
        f"INSERT INTO {table}(id, tok) VALUES($1, $2::text::tsvector) ON CONFLICT (id) DO UPDATE SET tok = EXCLUDED.tok",
        [row_id, _to_tsvector(tokenize(text))],
    )


async def remove(table: str, row_id: int, text: str) -> None:
    """Make a row that was indexed with `text` findable no more."""
    connection = db.write_connection()
    if _is_sqlite(connection):
        await connection.execute_query(
            f"INSERT INTO {table}({table}, rowid, tok) VALUES('delete', ?, ?)",
            [row_id, " ".join(tokenize(text))],
        )
        return
    await connection.execute_query(f"DELETE FROM {table} WHERE id = $1", [row_id])  # noqa: S608


async def find_ids(table: str, query: str, limit: int) -> list[int]:
    """Ids of the newest rows that hold all tokens of the query, newest first; all of them need a second look."""
    pairs = query_tokens(query)
    if not pairs:
        return []
    connection = db.read_connection()
    if _is_sqlite(connection):
        match = " AND ".join(f'"{token}"' + ("*" if prefix else "") for token, prefix in pairs)
        sql = f"SELECT rowid AS id FROM {table} WHERE {table} MATCH ? ORDER BY rowid DESC LIMIT ?"  # noqa: S608
        rows = await connection.execute_query_dict(sql, [match, limit])
    else:
        match = " & ".join(f"'{_quote(token)}'" + (":*" if prefix else "") for token, prefix in pairs)
        # The hits are fetched before they are sorted: the planner would otherwise walk the ids and filter.
        sql = (
            f"WITH hits AS MATERIALIZED (SELECT id FROM {table} WHERE tok @@ $1::text::tsquery) "  # noqa: S608
            "SELECT id FROM hits ORDER BY id DESC LIMIT $2"
        )
        rows = await connection.execute_query_dict(sql, [match, limit])
    return [int(row["id"]) for row in rows]


def _ddl(table: str, sqlite: bool) -> Sequence[str]:
    if sqlite:
        return [
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5("
            "tok, content='', detail=none, tokenize='unicode61 remove_diacritics 0')"
        ]
    return [
        f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT PRIMARY KEY, tok tsvector NOT NULL)",
        f"CREATE INDEX IF NOT EXISTS {table}_tok ON {table} USING gin (tok)",
    ]


def _is_sqlite(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "sqlite"


def _quote(token: str) -> str:
    return token.replace("\\", "\\\\").replace("'", "''")


def _to_tsvector(words: Iterable[str]) -> str:
    return " ".join(f"'{_quote(word)}'" for word in words)
