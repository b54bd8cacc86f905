"""Every word for people is found by the extractor, so that none is forgotten in a translation."""

from scheduler import errors
from scheduler.usecases.messages import outbox
from tools import catalogue


def extracted() -> set[str]:
    found = [message.id for message in catalogue.extracted()]
    return {text for words in found for text in (words if isinstance(words, tuple) else (words,))}


def test_the_sentences_of_errors_are_found() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    sentences = {kind.sentence for kind in kinds if issubclass(kind, errors.SchedulerError)}
    assert sentences - extracted() == set()


def test_words_of_templates_code_and_constants_are_found() -> None:
    words = {
        "Sign in",
        "Did not come",
        "%(num)s patient",
        "%(num)s patients",
        "An email address looks like name@example.org.",
        outbox.MOVED,
    }
    assert words - extracted() == set()
