"""Who signs in, and as what."""

import secrets

from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.models.staff import Role, Staff
from scheduler.usecases.practitioners.records import list_all_practitioners
from scheduler.usecases.staff import accounts as staff_accounts
from scheduler.usecases.staff.accounts import StaffDetails, staff_stamp
from scheduler.usecases.staff.people import add_staff
from scheduler.web.settings.frame import (
    Answer,
    by,
    carry_out,
    lead_on,
    number_or_none,
    pages,
    seen,
    show,
    show_again,
    text,
    to,
)

READABLE = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters, none easily mistaken for another."""


@pages.get("/staff")
@guard("clinic.write")
def staff() -> str:
    """Everybody who signs in."""
    return show("staff.html", "staff", people=staff_accounts.list_staff())


@pages.get("/staff/new")
@guard("clinic.write")
def staff_new() -> str:
    """The empty form."""
    return show("person.html", "staff", values={"role": Role.RECEPTION.value}, **_around(None))


@pages.post("/staff/new")
@guard("clinic.write")
def staff_add() -> Answer:
    """Add somebody; a password that was made up here is shown once."""
    password = text("password") or _made_up()
    try:
        row = add_staff(
            email=text("email"),
            name=text("name"),
            role=_role(),
            password=password,
            practitioner_id=number_or_none("practitioner_id"),
            **by(),
        )
    except SchedulerError as error:
        return show_again(error, "person.html", "staff", **_around(None))
    if not text("password"):
        return show("password.html", "staff", member=row, password=password)
    return lead_on(gettext("%(name)s can sign in as %(email)s.", name=row.name, email=row.email), to("staff"))


@pages.get("/staff/<int:staff_id>")
@guard("clinic.write")
def staff_edit(staff_id: int) -> str:
    """One person, to be changed."""
    row = staff_accounts.get_staff(staff_id)
    return show("person.html", "staff", values=_known(row), **_around(row))


@pages.post("/staff/<int:staff_id>")
@guard("clinic.write")
def staff_change(staff_id: int) -> Answer:
    """Keep what was entered."""
    try:
        details = StaffDetails(
            text("email"), text("name"), _role(), number_or_none("practitioner_id"), text("locale")
        )
        staff_accounts.change_staff(staff_id, details, seen=seen(), **by())
    except SchedulerError as error:
        row = staff_accounts.get_staff(staff_id)
        return show_again(error, "person.html", "staff", known=_known(row), **_around(row))
    return lead_on(gettext("The changes are kept."), to("staff"))


@pages.post("/staff/<int:staff_id>/disable")
@guard("clinic.write")
def staff_disable(staff_id: int) -> Response:
    """Let a person sign in no more."""
    row = staff_accounts.get_staff(staff_id)
    return carry_out(
        lambda: staff_accounts.disable_staff(row.email, **by()),
        lambda row: gettext("%(name)s can sign in no more.", name=row.name),
        to("staff"),
    )


@pages.post("/staff/<int:staff_id>/password")
@guard("clinic.write")
def staff_password(staff_id: int) -> Answer:
    """Make up another password, show it once and end the person's sessions; who was disabled can sign in again."""
    row = staff_accounts.get_staff(staff_id)
    password = _made_up()
    if row.archived_at is None:
        row = staff_accounts.set_password(row.email, password, **by())
    else:
        row = staff_accounts.enable_staff(row.id, password, **by())
    return show("password.html", "staff", member=row, password=password)


def _made_up() -> str:
    """80 random bits in four groups that can be read out and typed."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))


def _role() -> Role:
    try:
        return Role(text("role"))
    except ValueError:
        raise InvalidInput("Please choose a role.", field="role") from None


def _around(row: Staff | None) -> dict[str, object]:
    people = [each for each in list_all_practitioners() if each.archived_at is None]
    if row is not None and row.practitioner_id and row.practitioner_id not in {each.id for each in people}:
        people += [each for each in list_all_practitioners() if each.id == row.practitioner_id]
    return {
        "member": row,
        "seen": staff_stamp(row) if row else "",
        "roles": [role.value for role in Role],
        "people": people,
    }


def _known(row: Staff) -> dict[str, object]:
    return {name: getattr(row, name) for name in StaffDetails.__slots__}
