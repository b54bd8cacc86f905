"""What the desk has to do by hand."""

from typing import Any

from scheduler.api.answers import picked, utc, utc_or_none
from scheduler.api.fields import Choice, Input, Number, Paging, QueryNumber, Text
from scheduler.api.schemas.common import Output, instant, page_of, text, whole
from scheduler.models import Task, TaskKind
from scheduler.usecases.tasks import LONGEST_NOTE


class TasksQuery(Paging):
    """Which tasks."""

    state = Choice(("open", "done"), load_default="open")
    patient_id = QueryNumber()


class NewTask(Input):
    """A task to add."""

    kind = Choice(TaskKind, required=True)
    patient_id = Number(required=True)
    appointment_id = Number(allow_none=True, load_default=None)
    note = Text(LONGEST_NOTE, shortest=1, required=True, metadata={"description": "What is to be done."})


class TaskSchema(Output):
    """One thing to do for one patient; open until done_at."""

    id = whole()
    kind = text("call, address, mail or request")
    patient_id = whole()
    appointment_id = whole(none=True)
    note = text("What is to be done; in English where the service wrote it.")
    created_at = instant()
    created_by = text()
    done_at = instant(none=True)
    done_by = text(none=True)


TaskPage = page_of(TaskSchema)


def task_json(row: Task) -> dict[str, Any]:
    """A task."""
    fields = row.detail.get("fields")
    return {
        **picked(row, "id", "kind", "patient_id", "appointment_id"),
        "note": row.note % fields if fields else row.note,
        "created_at": utc(row.created_at),
        "created_by": row.created_by,
        "done_at": utc_or_none(row.done_at),
        "done_by": row.done_by,
    }
