"""How a language writes messages, numbers and dates."""

import pickle
from datetime import UTC, date, datetime

import pytest

from gatepass.translation.durations import ago, span
from gatepass.translation.language import codes, language
from gatepass.translation.message import Message

NOW = datetime(2026, 11, 23, 21, 46, 22, tzinfo=UTC)
ENGLISH, GERMAN = language("en"), language("de")


def test_a_message_is_its_english_text() -> None:
    assert Message("Help:") == "Help:"
    assert Message("{by} made {who} an administrator of your organization.", by="A", who="B") == (
        "A made B an administrator of your organization."
    )


def test_a_message_is_translated_with_its_values() -> None:
    text = Message("{who} is now an administrator", who="Ünal {x} %s")

    assert GERMAN.translate(text) == "Ünal {x} %s ist jetzt Administrator"
    assert ENGLISH.translate(text) == "Ünal {x} %s is now an administrator"


def test_a_value_that_is_a_message_is_translated_too() -> None:
    text = Message("{by} changed the policies of your organization.", by=Message("The operator"))

    assert (
        GERMAN.translate(text) == "Der Betreiber hat die Richtlinien Ihrer Organisation geändert."
    )


def test_a_text_without_a_translation_stays_english() -> None:
    assert GERMAN.translate(Message("Nobody translated {this}.", this="it")) == (
        "Nobody translated it."
    )
    assert GERMAN.translate("Help:") == "Help:"  # a name, or what somebody typed


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (1204, "1,204", "1.204"),
        (date(2026, 11, 23), "2026-11-23", "23.11.2026"),
        (NOW, "2026-11-23 21:46 UTC", "23.11.2026, 21:46 UTC"),
        ("36000", "36000", "36000"),
    ],
)
def test_a_value_is_written_as_the_language_does(
    value: str | int | date, english: str, german: str
) -> None:
    assert ENGLISH.write(value) == english == Message("{value}", value=value)
    assert GERMAN.write(value) == german


def test_plurals_have_the_form_of_their_number() -> None:
    assert [GERMAN.translate(span(days * 86400)) for days in (1, 2)] == ["1 Tag", "2 Tage"]
    assert GERMAN.translate(span(5400)) == "1 Stunde 30 Minuten"
    assert GERMAN.translate(ago(NOW, NOW.replace(hour=22))) == "vor 1 Stunde"
    assert GERMAN.translate(ago(NOW.replace(day=30), NOW)) == "in 7 Tagen"


def test_a_time_is_exact_in_each_language() -> None:
    assert ENGLISH.utc(NOW) == "2026-11-23 21:46:22 UTC"
    assert GERMAN.utc(NOW) == "23.11.2026, 21:46:22 UTC"
    assert (ENGLISH.date(NOW), GERMAN.date(NOW)) == ("2026-11-23", "23.11.2026")


def test_a_language_has_its_own_name_and_direction() -> None:
    assert [(each.name, each.direction) for each in map(language, codes())] == [
        ("English", "ltr"),
        ("Deutsch", "ltr"),
    ]


def test_a_message_survives_the_way_to_another_process() -> None:
    sent = Message("{who} is now an administrator", who="Anna")

    assert GERMAN.translate(pickle.loads(pickle.dumps(sent))) == "Anna ist jetzt Administrator"


def test_a_moment_is_written_by_a_format_in_english_and_as_other_languages_do() -> None:
    time = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

    assert ENGLISH.moment(time, "%a %-d %b", "MMMEd") == "Mon 23 Nov"
    assert GERMAN.moment(time, "%a %-d %b", "MMMEd") == "Mo., 23. Nov."
