"""What the desk has to do by hand: adding a task, doing it, the list of open ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from scheduler.errors import InvalidInput, NotFound
from scheduler.models.appointments import Appointment
from scheduler.models.patients import Patient
from scheduler.models.tasks import Task, TaskKind
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.paging import Page, fetch_page

LONGEST_NOTE = 1000


@writing
def add_task(
    session: Session,
    *,
    kind: str,
    patient_id: int,
    note: str,
    appointment_id: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Task:
    """Add a task about a patient. Raises NotFound for who or what it is about, InvalidInput naming the field."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return session.get_one(Task, known[0])
    if kind not in set(TaskKind):
        raise InvalidInput("A task is call, address, mail or request.", field="kind")
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise InvalidInput(
            "Say in 1 to %(most)s letters what is to be done.", field="note", most=LONGEST_NOTE
        )
    if session.get(Patient, patient_id) is None:
        raise NotFound("There is no patient %(id)s.", id=patient_id)
    if appointment_id is not None:
        _check_appointment(session, appointment_id, patient_id)
    task = write_task(
        session,
        TaskKind(kind),
        patient_id,
        note.strip(),
        appointment_id=appointment_id,
        actor=actor,
        now=now,
    )
    remember(session, actor, idempotency, [task.id], now=now)
    return task


def _check_appointment(session: Session, appointment_id: int, patient_id: int) -> None:
    appointment = session.get(Appointment, appointment_id)
    if appointment is None or appointment.patient_id != patient_id:
        raise InvalidInput("That is no appointment of this patient.", field="appointment_id")


def write_task(
    session: Session,
    kind: TaskKind,
    patient_id: int,
    note: str,
    *,
    appointment_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Task:
    """Write a task in the open transaction.

    A note made by the service is an English msgid; its named fields stand in ``detail["fields"]``.
    """
    task = Task(
        kind=kind.value,
        patient_id=patient_id,
        appointment_id=appointment_id,
        note=note,
        detail=dict(detail or {}),
        created_at=now,
        created_by=actor.name,
    )
    session.add(task)
    session.flush()
    stamp_diaries(session)  # which tell how many wait
    note_deed(session, actor, "task_added", "task", task.id, now=now, patient_id=patient_id, kind=task.kind)
    return task


@writing
def finish_task(session: Session, task_id: int, *, actor: Actor, now: datetime) -> Task:
    """Keep that a task is done, by whom and when; one that is done stays as it is. Raises NotFound."""
    task = session.get(Task, task_id, with_for_update=True, populate_existing=True)
    if task is None:
        raise NotFound("There is no task %(id)s.", id=task_id)
    if task.done_at is None:
        close_task(session, task, actor, now)
    return task


@reading
def list_tasks(
    session: Session,
    *,
    done: bool = False,
    patient_id: int | None = None,
    page: int = 1,
    page_size: int = 50,
) -> Page[Task]:
    """Open tasks, the oldest first, or done ones, the latest first."""
    about = joinedload(Task.appointment).joinedload(Appointment.location)
    query = select(Task).options(joinedload(Task.patient), about)
    if patient_id is not None:
        query = query.where(Task.patient_id == patient_id)
    if done:
        query = query.where(Task.done_at.is_not(None)).order_by(Task.done_at.desc(), Task.id.desc())
    else:
        query = query.where(Task.done_at.is_(None)).order_by(Task.created_at, Task.id)
    return fetch_page(session, query, page, page_size)


@reading
def count_open_tasks(session: Session) -> int:
    """How many tasks are open."""
    return session.scalar(select(func.count()).select_from(Task).where(Task.done_at.is_(None))) or 0


def settle_address_tasks(
    session: Session, patient: Patient, address: str, *, actor: Actor, now: datetime
) -> None:
    """Finish open tasks about an address that is not the patient's any more."""
    if not address or (patient.email or "").lower() == address.lower():
        return
    query = select(Task).where(
        Task.patient_id == patient.id, Task.kind == TaskKind.ADDRESS.value, Task.done_at.is_(None)
    )
    for task in session.scalars(query.order_by(Task.id)):
        if task.detail.get("fields", {}).get("address", "").lower() == address.lower():
            close_task(session, task, actor, now)


def close_task(session: Session, task: Task, actor: Actor, now: datetime) -> None:
    """Keep that a task is done, in the open transaction."""
    task.done_at, task.done_by = now, actor.name
    stamp_diaries(session)
    note_deed(session, actor, "task_done", "task", task.id, now=now, patient_id=task.patient_id)
