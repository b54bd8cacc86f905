"""The declarative base, the column types and the shorthands that all models share."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, aware, UTC, to the second: epoch seconds (INTEGER) on SQLite, timestamptz on PostgreSQL.

    A naive datetime raises ValueError when it is bound.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone: {value!r}")
        whole = value.astimezone(UTC).replace(microsecond=0)
        return int(whole.timestamp()) if dialect.name == "sqlite" else whole

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value, UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class epoch(GenericFunction[int]):
    """``epoch(column)``: an instant as integer epoch seconds, for bulk reads (half the time of datetimes)."""

    type = BigInteger()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _epoch_on_sqlite(element: epoch, compiler: Any, **kw: Any) -> str:
    (column,) = element.clauses
    return str(compiler.process(column, **kw))


@compiles(epoch, "postgresql")
def _epoch_on_postgresql(element: epoch, compiler: Any, **kw: Any) -> str:
    (column,) = element.clauses
    return f"extract(epoch FROM {compiler.process(column, **kw)})::bigint"


class Numbers(TypeDecorator[list[int]]):
    """Many numbers as one value of a statement, for ``among``: an array on PostgreSQL, JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Integer))

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        numbers = list(value)
        return json.dumps(numbers) if dialect.name == "sqlite" else numbers


def numbers(name: str) -> BindParameter[list[int]]:
    """The parameter of that name, to be given any number of numbers."""
    return bindparam(name, type_=Numbers())


def these(values: Iterable[int]) -> BindParameter[list[int]]:
    """These numbers, as the value that they are in a statement."""
    return literal(list(values), Numbers())


class among(GenericFunction[bool]):
    """``among(column, numbers("wanted"))`` or ``among(column, these(ids))``: the column is one of them.

    As IN, but the statement's text is the same for any number of them, so that it is put together, and PostgreSQL
    plans it, only once.
    """

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """As it is: SQLAlchemy would ask SQLite whether it ``= 1``, and then no index can answer."""
        return self


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - no values inside


@compiles(among, "postgresql")
def _among_on_postgresql(element: among, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY ({values})"


class seconds_later(GenericFunction[datetime]):
    """``seconds_later(instant, seconds)``: arithmetic on instants that an index of a column can be asked with."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(seconds_later, "sqlite")
def _later_on_sqlite(element: seconds_later, compiler: Any, **kw: Any) -> str:
    instant, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({instant} + {seconds})"


@compiles(seconds_later, "postgresql")
def _later_on_postgresql(element: seconds_later, compiler: Any, **kw: Any) -> str:
    instant, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({instant} + make_interval(secs => {seconds}))"


Json = JSON().with_variant(JSONB(), "postgresql")
NullableJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""None is stored as NULL, not as the JSON value null."""


class Base(DeclarativeBase):
    """Parent of every model."""

    __table__: ClassVar[Table]
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[str]: Json,
        list[int]: Json,
    }


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A CHECK that a text column holds one of an enumeration's values, named after the column."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


Key = Annotated[int, mapped_column(Integer, primary_key=True)]
Name = Annotated[str, mapped_column(String(200))]
Word = Annotated[str, mapped_column(String(40))]
Prose = Annotated[str, mapped_column(Text)]
Instant = Annotated[datetime, mapped_column(UtcDateTime())]

__all__ = [
    "Base",
    "Instant",
    "Json",
    "Key",
    "Name",
    "NullableJson",
    "Prose",
    "UtcDateTime",
    "Word",
    "among",
    "epoch",
    "numbers",
    "one_of",
    "seconds_later",
    "these",
]
