"""German is complete: every word has its translation, with the same fields in it."""

import re

import pytest

from tools.catalogue import LANGUAGES, extracted, is_translated, read

FIELD = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]*\}")


def texts(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated(language: str) -> None:
    known = {str(message.id): message for message in read(language) if message.id}
    missing = [
        str(message.id)
        for message in extracted()
        if message.id and not (str(message.id) in known and is_translated(known[str(message.id)].string))
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_fields_of_their_words(language: str) -> None:
    wrong = []
    for message in read(language):
        if not message.id or not is_translated(message.string):
            continue
        allowed = {field for text in texts(message.id) for field in FIELD.findall(text)}
        needed = set(FIELD.findall(texts(message.id)[-1]))
        for form, text in enumerate(texts(message.string)):
            found = set(FIELD.findall(text))
            spelled_out = {"%(num)s"} if form == 0 and len(texts(message.string)) > 1 else set()
            if not found <= allowed or not needed - spelled_out <= found:
                wrong.append((message.id, text))
    assert wrong == []
