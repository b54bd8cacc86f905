"""One page of a long list."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows ``(page - 1) * page_size`` and on, and how many there are in all."""

    items: list[T]
    total: int


def fetch_page(session: Session, query: Select[Any], page: int, page_size: int) -> Page[Any]:
    """Run a query for one page (1 is the first) and count the whole; at most LARGEST_PAGE rows."""
    size = max(1, min(page_size, LARGEST_PAGE))
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session.scalars(query.limit(size).offset((max(page, 1) - 1) * size)).unique().all()
    return Page(items=list(rows), total=total)
