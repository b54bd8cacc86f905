"""Tasks: what the desk has to do by hand."""

from typing import Any

from flask import Response

from scheduler import clock
from scheduler.access import current_actor, guard
from scheduler.api.answers import answer, answer_created, answer_page
from scheduler.api.once import Once
from scheduler.api.routes import Routes
from scheduler.api.schemas import tasks as schemas
from scheduler.usecases import tasks
from scheduler.usecases.idempotency import Idempotency

routes = Routes("tasks", "What somebody at the desk has to do by hand.")


@routes.get("/tasks")
@guard("messages.read")
@routes.arguments(schemas.TasksQuery(), location="query")
@routes.response(200, schemas.TaskPage)
def list_tasks(query: dict[str, Any]) -> Response:
    """Open tasks, the oldest first; or done ones, the latest first"""
    done = query.pop("state") == "done"
    return answer_page(tasks.list_tasks(done=done, **query), schemas.task_json)


@routes.post("/tasks")
@guard("messages.write")
@routes.arguments(schemas.NewTask())
@routes.arguments(Once(), location="headers")
@routes.response(201, schemas.TaskSchema)
def add_task(body: dict[str, Any], once: Idempotency | None) -> Response:
    """Add a task about a patient"""
    row = tasks.add_task(**body, actor=current_actor(), now=clock.now(), idempotency=once)
    return answer_created(schemas.task_json(row), once)


@routes.post("/tasks/<row:task_id>/done")
@guard("messages.write")
@routes.response(200, schemas.TaskSchema)
def finish_task(task_id: int) -> Response:
    """Take a task off the list; one that is done stays as it is"""
    return answer(schemas.task_json(tasks.finish_task(task_id, actor=current_actor(), now=clock.now())))
