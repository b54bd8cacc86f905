"""Tasks: what the desk has to do by hand, open or done, of everybody or of one patient."""

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.errors import InvalidInput, NotFound, SchedulerError
from scheduler.http_errors import problem_of, say
from scheduler.models import Task, TaskKind
from scheduler.usecases import tasks
from scheduler.usecases.appointments.changing import move_appointment
from scheduler.usecases.booking.state import MOVABLE
from scheduler.usecases.patient_side.times import read, request_to_accept, wall, wished_slots, written
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts
from scheduler.web import once
from scheduler.web.formats import moment
from scheduler.web.links import local_path
from scheduler.web.notices import BAD, notice
from scheduler.web.requests import page_number

pages = Blueprint("tasks", __name__, url_prefix="/tasks")
PAGE_SIZE = 50


@pages.get("")
@guard("messages.read")
def index() -> str:
    """Open tasks, the oldest first, and what private calendars collide with; or tasks that are done."""
    done, page, now = request.args.get("done") == "1", page_number(), clock.now()
    found = tasks.list_tasks(done=done, page=page, page_size=PAGE_SIZE)
    return render_template(
        "tasks/index.html",
        found=found,
        done=done,
        open_tasks=tasks.count_open_tasks(),
        page=page,
        page_size=PAGE_SIZE,
        words_of=words_of,
        outdated=outdated,
        wishes=wished_slots(found.items, now=now),
        conflicts=[] if done else list_busy_conflicts(now=now),
        written=written,
    )


@pages.get("/new")
@guard("messages.write")
def new() -> str:
    """The form for a task about a patient."""
    return _form(request.args.get("patient_id", 0, type=int))


@pages.post("/new")
@guard("messages.write")
def add() -> Response | tuple[str, int]:
    """Add the task."""
    patient_id = request.form.get("patient_id", 0, type=int)
    try:
        tasks.add_task(
            kind=request.form.get("kind", ""),
            patient_id=patient_id,
            note=request.form.get("note", ""),
            actor=current_actor(),
            now=clock.now(),
            idempotency=once.asked_once(),
        )
    except InvalidInput as error:
        return _form(patient_id, error), problem_of(error).status
    notice(gettext("The task is on the list."))
    return redirect(url_for(".index"), 303)


@pages.post("/<int:task_id>/done")
@guard("messages.write")
def finish(task_id: int) -> Response:
    """Take a task off the list."""
    tasks.finish_task(task_id, actor=current_actor(), now=clock.now())
    notice(gettext("The task is done."))
    return redirect(local_path(request.form.get("next")), 303)


@pages.post("/<int:task_id>/accept")
@guard("messages.write")
def accept(task_id: int) -> Response:
    """Move the appointment to a time that the patient asks for; the request is done then.

    Repeated after a failure in between, the move finds nothing to do and the request is closed. A time that somebody
    else has by now is told on the list, where the other ones are.
    """
    actor, now = current_actor(), clock.now()
    try:
        task, row = request_to_accept(task_id)
        wish = read(request.form.get("slot", ""))
        moved = move_appointment(row.id, version=row.version, **wish._asdict(), actor=actor, now=now)
    except NotFound:
        raise
    except SchedulerError as error:
        notice(say(error), BAD)
    else:
        tasks.finish_task(task.id, actor=actor, now=now)
        notice(gettext("Moved to %(when)s.", when=moment(moved.starts_at, moved.location.zone)))
    return redirect(local_path(request.form.get("next")), 303)


def words_of(task: Task) -> str:
    """The note; one that the service wrote is put into the reader's language, with the wall time it speaks of."""
    fields = task.detail.get("fields")
    if not fields:
        return task.note
    if "when" in fields:
        on_the_wall = datetime.fromisoformat(fields["when"]).replace(tzinfo=UTC)
        fields = {**fields, "when": moment(on_the_wall, "UTC")}
    return str(gettext(task.note, **fields))


def outdated(task: Task) -> str:
    """Why there is nothing to move any more for an open request; "" where there is."""
    row = task.appointment
    if task.kind != TaskKind.REQUEST or task.done_at is not None or row is None:
        return ""
    if row.status not in MOVABLE:
        return gettext("This appointment is cancelled or over by now.")
    asked_on = task.detail.get("fields", {}).get("when")
    if asked_on and asked_on != wall(row):
        return gettext("It was moved to %(when)s since.", when=moment(row.starts_at, row.location.zone))
    return ""


def _form(patient_id: int, error: InvalidInput | None = None) -> str:
    patient = patients.view_patient(patient_id, actor=current_actor(), now=clock.now())
    return render_template(
        "tasks/form.html",
        patient=patient,
        values=request.form,
        form_key=request.form.get(once.FIELD) or once.new_key(),
        errors={error.details.get("field"): say(error)} if error else {},
    )
