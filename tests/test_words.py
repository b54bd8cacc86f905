"""Every word for people is found by the extractor, so that none is forgotten in a translation."""

from functools import lru_cache
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from scheduler import errors
from scheduler.usecases.messages import outbox
from tools.vendor import ROOT


@lru_cache(maxsize=1)
def extracted() -> frozenset[str]:
    with (ROOT / "babel.cfg").open() as file:
        methods, _ = parse_mapping_cfg(file)
    found = [message for _, _, message, _, _ in extract_from_dir(ROOT, methods, directory_filter=_is_ours)]
    texts = [message if isinstance(message, tuple) else (message,) for message in found]
    return frozenset(text for message in texts for text in message)


def _is_ours(folder: str) -> bool:
    return Path(folder).relative_to(ROOT).parts[0] == "scheduler"


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
