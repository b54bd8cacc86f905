"""Codes of the planning floor as sentences: why a proposed session is as it is, why one could not be placed.

English msgids, put into a person's language by the ``gettext`` that is handed in (see i18n.translator).
"""

from collections.abc import Mapping, Sequence, Set

from scheduler.i18n import Gettext


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


NOTES: Mapping[str, str] = {
    "start_later": _("starts %(days)d days after the planned start"),
    "start_earlier": _("starts %(days)d days before the planned start"),
    "gap_longer": _("%(days)d days after the session before, ideal are %(ideal_days)d"),
    "gap_shorter": _("%(days)d days after the session before, ideal are %(ideal_days)d"),
    "other_weekday": _("another weekday than the session before"),
    "other_practitioner": _("another practitioner than the session before"),
    "other_time": _("another time of day than the session before"),
    "outside_preference_weekday": _("not on a preferred weekday"),
    "outside_preference_time": _("not at the preferred time of day"),
    "outside_preference_practitioner": _("not with the preferred practitioner"),
    "outside_preference_location": _("not at the preferred location"),
    "later_choice_practitioner": _("with a practitioner further down the list of preferred ones"),
    "fragments_diary": _("leaves a short gap in the diary"),
}
NOTES_OF_ONE_DAY: Mapping[str, str] = {
    "start_later": _("starts a day after the planned start"),
    "start_earlier": _("starts a day before the planned start"),
    "gap_longer": _("a day after the session before, ideal are %(ideal_days)d"),
    "gap_shorter": _("a day after the session before, ideal are %(ideal_days)d"),
}
OFF_IDEAL = frozenset({"start_later", "start_earlier", "gap_longer", "gap_shorter"})
"""Notes that say that a session is not on its ideal day."""
QUIET_NOTES = frozenset({"fragments_diary"})
"""Notes that matter to the clinic but are no compromise for the patient."""

REASONS: Mapping[str, str] = {
    "past_horizon": _("Its window lies further ahead than is searched."),
    "window_over": _("Its window is over."),
    "not_offered": _("Nobody who may be chosen offers this kind of appointment."),
    "no_hours": _("Nobody works in its window."),
    "closed": _("The location is closed in its window."),
    "away": _("The practitioner is on leave in its window."),
    "fully_booked": _("Its window is fully booked."),
    "no_opening": _("No free time in its window is long enough."),
    "rooms_shut": _("In its window, every free time needs a room that is out of use."),
    "rest_period": _("Every free time in its window breaks the minimum rest."),
    "other_sessions": _("The sessions around it leave no room for it."),
}

DIFFERENCES: Mapping[str, str] = {
    "time_of_day": _("At another time of day"),
    "practitioner": _("With another practitioner"),
    "weekday": _("On other weekdays"),
    "adjusted": _("As adjusted"),
}


def note_sentence(code: str, params: Mapping[str, int], gettext: Gettext) -> str:
    """One compromise of a proposed session, without a full stop."""
    wording = NOTES_OF_ONE_DAY if params.get("days") == 1 and code in NOTES_OF_ONE_DAY else NOTES
    return gettext(wording[code]) % params


def reason_sentence(code: str, gettext: Gettext) -> str:
    """Why a session could not be placed."""
    return gettext(REASONS[code])


def proposal_title(differs_in: str | None, gettext: Gettext) -> str:
    """What sets a proposal apart from the best one."""
    return gettext(DIFFERENCES[differs_in]) if differs_in else gettext(_("Best fit"))


def proposal_summary(placed: Sequence[Set[str]], unplaced: int, gettext: Gettext) -> str:
    """A proposal in a line: how many sessions, how many off their ideal day or with a change, how many left over.

    ``placed`` are the codes of the notes on each session that has a slot.
    """
    off_ideal = sum(bool(codes & OFF_IDEAL) for codes in placed)
    changes = sum(bool(codes - OFF_IDEAL - QUIET_NOTES) for codes in placed)
    if unplaced:
        first = gettext(_("%(placed)d of %(all)d sessions placed")) % {
            "placed": len(placed),
            "all": len(placed) + unplaced,
        }
    else:
        first = gettext(_("All %(placed)d sessions placed")) % {"placed": len(placed)}
    if off_ideal == 0 and changes == 0:
        return first + ", " + gettext(_("every one as planned"))
    parts = [first]
    if off_ideal:
        parts.append(gettext(_("%(count)d not on the ideal day")) % {"count": off_ideal})
    if changes:
        parts.append(gettext(_("%(count)d with another compromise")) % {"count": changes})
    return ", ".join(parts)
