"""The full-text index, which each database makes in its own way and no mapped class knows."""

from typing import Any

from forum.search.tables import MADE_BY_HAND

_SQLITE = (
    """CREATE VIRTUAL TABLE search_index USING fts5(title, tags, body, content='search_document', content_rowid='id',
        tokenize='porter unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER search_document_added AFTER INSERT ON search_document BEGIN
        INSERT INTO search_index(rowid, title, tags, body) VALUES (new.id, new.title, new.tags, new.body); END""",
    """CREATE TRIGGER search_document_gone AFTER DELETE ON search_document BEGIN
        INSERT INTO search_index(search_index, rowid, title, tags, body)
        VALUES ('delete', old.id, old.title, old.tags, old.body); END""",
    """CREATE TRIGGER search_document_changed AFTER UPDATE ON search_document BEGIN
        INSERT INTO search_index(search_index, rowid, title, tags, body)
        VALUES ('delete', old.id, old.title, old.tags, old.body);
        INSERT INTO search_index(rowid, title, tags, body) VALUES (new.id, new.title, new.tags, new.body); END""",
)


# PostgreSQL would keep "node.js", "3.2" and "perché" as they are, and find them by nothing else. So marks become spaces and
# letters lose their accents before it sees them, as SQLite's tokenizer has it and as `forum.search.words` does to what is typed.
_MARKS = './\\-_:@#&=?+*~^%$|<>()[]{},;!"`“”‘’«»–—…·'
_LETTERS = "àáâãäåèéêëìíîïòóôõöùúûüýÿçñšžÀÁÂÃÄÅÈÉÊËÌÍÎÏÒÓÔÕÖÙÚÛÜÝÇÑŠŽ"
_PLAIN = "aaaaaaeeeeiiiiooooouuuuyycnszAAAAAAEEEEIIIIOOOOOUUUUYCNSZ"


def _words(column: str) -> str:
    return f"translate({column}, '{_MARKS}''{_LETTERS}', '{' ' * (len(_MARKS) + 1)}{_PLAIN}')"


def _weighted(language: str) -> str:
    parts = (("title", "A"), ("tags", "B"), ("body", "D"))
    return " || ".join(f"setweight(to_tsvector('{language}', {_words(part)}), '{weight}')" for part, weight in parts)


_POSTGRESQL = (
    f"""ALTER TABLE search_document ADD COLUMN tsv tsvector GENERATED ALWAYS AS
        (CASE WHEN locale = 'it' THEN {_weighted("italian")} ELSE {_weighted("english")} END) STORED""",
    "CREATE INDEX ix_search_document_tsv ON search_document USING gin (tsv)",
)


def create(op: Any) -> None:
    """Make the index on the database at hand."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def drop(op: Any) -> None:
    """Remove what does not go with the table itself."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")


def is_mapped(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a part of the schema is one that mapped classes describe."""
    return name not in MADE_BY_HAND and not (kind == "table" and (name or "").startswith("search_index"))


def is_mapped_object(_object: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """The same, as Alembic asks it of objects."""
    return is_mapped(name, kind, None)
