"""What a patient may choose about mails, wherever it is entered: which kinds, and how long before to be reminded."""

from collections.abc import Collection, Iterable

from scheduler.errors import InvalidInput
from scheduler.models.messages import MessageKind
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.timeline import TICK_MINUTES

K = MessageKind
MUTABLE: dict[str, tuple[str, ...]] = {
    "confirmations": (K.CONFIRMATION.value, K.SERIES_CONFIRMATION.value),
    "offers": (K.OFFER.value, K.OFFER_EXPIRED.value),
    "check_ins": (K.CHECK_IN.value,),
}
"""What may be switched off besides reminders; that something changed or is cancelled is always told."""
MUTABLE_KINDS = tuple(kind for kinds in MUTABLE.values() for kind in kinds)
MOST_REMINDERS, LONGEST_OFFSET_MINUTES = 4, 30 * DAY_MINUTES


def muted_without(wanted: Collection[str]) -> tuple[str, ...]:
    """The kinds that are switched off where only these names of MUTABLE are wanted."""
    return tuple(kind for name, kinds in MUTABLE.items() if name not in wanted for kind in kinds)


def checked_muted(kinds: Iterable[str]) -> list[str]:
    """Kinds to switch off. Raises InvalidInput for one that is always told."""
    chosen = set(kinds)
    if chosen - set(MUTABLE_KINDS):
        raise InvalidInput(
            "Only confirmations, offers and check-ins can be switched off; changes and cancellations are always told.",
            field="muted_kinds",
        )
    return [kind for kind in MUTABLE_KINDS if kind in chosen]


def checked_offsets(offsets: Iterable[int] | None) -> list[int] | None:
    """Minutes before the start, the longest first; None: as the clinic. Raises InvalidInput."""
    if offsets is None:
        return None
    chosen = sorted(set(offsets), reverse=True)
    if len(chosen) > MOST_REMINDERS:
        raise InvalidInput(
            "At most %(most)s reminders are sent.", most=MOST_REMINDERS, field="reminder_offsets_minutes"
        )
    for offset in chosen:
        if not TICK_MINUTES <= offset <= LONGEST_OFFSET_MINUTES or offset % TICK_MINUTES:
            raise InvalidInput(
                "A reminder goes out 5 minutes to 30 days before.", field="reminder_offsets_minutes"
            )
    return chosen or None
