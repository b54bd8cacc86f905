"""Keys of programs that call the REST API."""

from flask_babel import gettext
from werkzeug import Response

from scheduler.access import guard
from scheduler.errors import InvalidInput, SchedulerError
from scheduler.models.staff import Role
from scheduler.usecases.staff.api_keys import issue_api_key, list_api_keys, revoke_api_key
from scheduler.web.settings.frame import Answer, by, carry_out, pages, show, show_again, text, to


@pages.get("/keys")
@guard("clinic.write")
def keys() -> str:
    """Every key, and the form for another one."""
    return show("keys.html", "keys", values={"role": Role.RECEPTION.value}, **_around())


@pages.post("/keys")
@guard("clinic.write")
def key_issue() -> Answer:
    """Make a key and show it this once."""
    try:
        role = Role(text("role"))
        issued = issue_api_key(text("name"), role, **by())
    except ValueError:
        error = InvalidInput("Please choose a role.", field="role")
        return show_again(error, "keys.html", "keys", **_around())
    except SchedulerError as error:
        return show_again(error, "keys.html", "keys", **_around())
    return show("key.html", "keys", key=issued.key, name=text("name").strip())


@pages.post("/keys/revoke")
@guard("clinic.write")
def key_revoke() -> Response:
    """Make a key useless."""
    name = text("name")
    return carry_out(
        lambda: revoke_api_key(name, **by()),
        lambda _none: gettext("The key %(name)s is revoked.", name=name),
        to("keys"),
    )


def _around() -> dict[str, object]:
    return {"listed": list_api_keys(), "roles": [role.value for role in Role]}
