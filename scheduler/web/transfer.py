"""Import and export: upload a file, see what would become of it, bring it in; take everything out."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask_babel import gettext
from werkzeug import Response as Answer

from scheduler import clock
from scheduler.access import current_actor, guard, may
from scheduler.errors import InvalidInput
from scheduler.http_errors import say
from scheduler.usecases.clinic.catalogue import list_appointment_types, list_locations, list_practitioners
from scheduler.usecases.imports.columns import FIELDS, columns_of
from scheduler.usecases.imports.dates import PATTERNS
from scheduler.usecases.imports.report import Problem, Report
from scheduler.usecases.imports.tables import MOST_BYTES, harmless
from scheduler.usecases.imports.waiting import State, WaitingRoom
from scheduler.usecases.reports.exports import export_zip, note_export
from scheduler.web import transfer_work as work
from scheduler.web.formats import local
from scheduler.web.notices import BAD, notice
from scheduler.web.requests import page_number
from scheduler.web.transfer_words import DATE_WORDS, FIELD_WORDS, KIND_WORDS, OUTCOME_WORDS

pages = Blueprint("transfer", __name__, url_prefix="/transfer")
UPLOAD = "/transfer/imports"
PAGE_SIZE = 50


def register(app: Flask) -> None:
    """Let administrators upload more than other forms may hold; before the form is read for its token."""
    app.before_request(_allow_upload)


def _allow_upload() -> None:
    if request.path == UPLOAD and request.method == "POST" and g.get("actor") and may("data.transfer"):
        request.max_content_length = MOST_BYTES + 100_000


@pages.get("")
@guard("data.transfer")
def index() -> str:
    """What can be brought in and taken out, and the files that wait."""
    waiting = list(work.room().waiting(current_actor().id))
    return render_template(
        "transfer/index.html", kinds=KIND_WORDS, waiting=waiting, most=MOST_BYTES // 1_000_000
    )


@pages.post("/export")
@guard("data.transfer")
def export() -> Response:
    """Everything as one archive, made while it is sent."""
    note_export(actor=current_actor(), now=clock.now())
    name = f"clinic-{local(clock.now()):%Y-%m-%d}.zip"
    response = Response(stream_with_context(export_zip()), mimetype="application/zip")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


@pages.post("/imports")
@guard("data.transfer")
def upload() -> Answer:
    """Keep the file, look at it, and show what would become of it."""
    kind, file = request.form.get("kind", ""), request.files.get("file")
    if kind not in work.KINDS or file is None or not file.filename:
        notice(gettext("Please choose a file, and what it holds."), BAD)
        return redirect(url_for(".index"), 303)
    data = file.read(MOST_BYTES + 1)
    file.close()
    try:
        if len(data) > MOST_BYTES:
            raise InvalidInput("The file has more than %(most)s MB.", most=MOST_BYTES // 1_000_000)
        work.table_of(kind, data)
    except InvalidInput as error:
        notice(say(error), BAD)
        return redirect(url_for(".index"), 303)
    waiting, state = work.room(), work.new_state(kind, file.filename, current_actor().id)
    token = waiting.keep(data, state)
    _check(waiting, token, state, data)
    return redirect(url_for(".show", token=token), 303)


@pages.get("/imports/<token>")
@guard("data.transfer")
def show(token: str) -> str:
    """Where a file stands: what would become of it, how far it is, or what became of it."""
    waiting = work.room()
    state = work.look_after(waiting, token, waiting.state(token, current_actor().id))
    report = waiting.report(token)
    return render_template(
        "transfer/show.html",
        token=token,
        state=state,
        report=report,
        problems=_page_of(report),
        page=page_number(),
        page_size=PAGE_SIZE,
        sentence=_said(state["sentence"]),
        said=_said,
        kinds=KIND_WORDS,
        outcomes=OUTCOME_WORDS,
        **(_choices_shown(waiting, token, state) if state["phase"] in (work.OPEN, work.FAILED) else {}),
    )


@pages.get("/imports/<token>/progress")
@guard("data.transfer")
def progress(token: str) -> Response | str:
    """How far it is: a part of the page that asks for itself again; when it is over, the page is loaded anew."""
    waiting = work.room()
    state = work.look_after(waiting, token, waiting.state(token, current_actor().id))
    if state["phase"] != work.RUNNING:
        return Response("", headers={"HX-Redirect": url_for(".show", token=token)})
    return render_template("transfer/progress.html", token=token, state=state)


@pages.post("/imports/<token>/check")
@guard("data.transfer")
def check(token: str) -> Answer:
    """Keep the corrected columns and choices, and look again."""
    waiting = work.room()
    state = waiting.state(token, current_actor().id)
    if state["phase"] in (work.OPEN, work.FAILED):
        entered = request.form
        columns = {
            name.removeprefix("column-"): value
            for name, value in entered.items()
            if name.startswith("column-")
        }
        known = set(FIELDS.get(state["kind"], ()))
        state["mapping"] = {
            index: value for index, value in columns.items() if index.isdecimal() and value in known
        }
        state["choices"] = _entered()
        _check(waiting, token, state, waiting.data(token))
    return redirect(url_for(".show", token=token), 303)


@pages.post("/imports/<token>/run")
@guard("data.transfer")
def run(token: str) -> Answer:
    """Begin to bring the file in; the page then shows how far it is."""
    waiting = work.room()
    state = waiting.state(token, current_actor().id)
    if state["phase"] in (work.OPEN, work.FAILED):
        only_good = request.form.get("rows") == "good"
        work.start(waiting, token, state, only_good=only_good, actor=current_actor())
    return redirect(url_for(".show", token=token), 303)


@pages.post("/imports/<token>/drop")
@guard("data.transfer")
def drop(token: str) -> Answer:
    """Throw the file away."""
    waiting = work.room()
    state = waiting.state(token, current_actor().id)
    if state["phase"] != work.RUNNING:
        waiting.drop(token)
        notice(gettext("The file is thrown away."))
    return redirect(url_for(".index"), 303)


@pages.get("/imports/<token>/report.csv")
@guard("data.transfer")
def download(token: str) -> Response:
    """What became, or would become, of every row, with every problem, as CSV."""
    waiting = work.room()
    waiting.state(token, current_actor().id)
    report = waiting.report(token) or Report()
    response = Response(stream_with_context(_report_lines(report)), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=report.csv"
    return response


def _check(waiting: WaitingRoom, token: str, state: State, data: bytes) -> None:
    """Look at the file with the choices made, and keep what was found, or what must be chosen first."""
    waiting.forget_report(token)
    try:
        waiting.keep_report(token, work.check(state, data))
        sentence = None
    except InvalidInput as error:
        told = {name: str(value) for name, value in error.details.items() if name != "field"}
        sentence = [error.sentence, told]
    waiting.save(token, {**state, "phase": work.OPEN, "sentence": sentence})


def _choices_shown(waiting: WaitingRoom, token: str, state: State) -> dict[str, Any]:
    table = work.table_of(state["kind"], waiting.data(token))
    shown: dict[str, Any] = {
        "choices": state["choices"],
        "practitioners": list_practitioners().items,
        "types": list_appointment_types().items,
        "locations": list_locations().items,
        "date_words": {code: DATE_WORDS[code] for code in PATTERNS},
        "today": local(clock.now()).date(),
    }
    if table is not None:
        mapping = work.mapping_of(state, table)
        shown["columns"] = columns_of(table.headings, [row.cells for row in table.rows[:200]], mapping)
        shown["fields"] = {code: FIELD_WORDS[code] for code in FIELDS[state["kind"]]}
        shown["rows"] = len(table.rows)
    return shown


def _entered() -> dict[str, Any]:
    """The choices of the form, as kept with the file."""
    entered = request.form
    numbers = {
        name: entered.get(name, type=int)
        for name in ("practitioner_id", "appointment_type_id", "location_id")
    }
    texts = {name: entered.get(name, "")[:20] for name in ("dates", "known", "as_what")}
    days = {name: _iso(entered.get(name, "")) for name in ("from_on", "until_on")}
    return {
        **numbers,
        **texts,
        **days,
        "confirm": "confirm" in entered,
        "with_titles": "with_titles" in entered,
    }


def _iso(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _page_of(report: Report | None) -> list[Problem]:
    first = (page_number() - 1) * PAGE_SIZE
    return report.told[first : first + PAGE_SIZE] if report else []


def _said(told: Any) -> str | None:
    """A kept sentence in the reader's language; ``told`` is a Problem, or a msgid with its details."""
    if not told:
        return None
    sentence, details = (told.sentence, told.details) if isinstance(told, Problem) else told
    if "candidates" in details:
        ways = [str(DATE_WORDS[code]) for code in details["candidates"].split(", ") if code in DATE_WORDS]
        details = {**details, "candidates": " · ".join(ways)}
    words = gettext(sentence)
    return words % details if details else words


def _report_lines(report: Report) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(
        [gettext("Row"), gettext("Outcome"), gettext("Column"), gettext("Value"), gettext("Reason")]
    )
    problems: dict[int, list[Problem]] = {}
    for problem in report.told:
        problems.setdefault(problem.row, []).append(problem)
    for row, outcome in sorted(report.outcomes.items()):
        word = str(OUTCOME_WORDS[outcome])
        for problem in problems.get(row) or [None]:
            told = (problem.column, problem.value, _said(problem) or "") if problem else ("", "", "")
            writer.writerow([row, word, *(harmless(text) for text in told)])
        if buffer.tell() > 50_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
