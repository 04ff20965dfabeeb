"""Texts with gaps: filled, missing, misspelt, and kept in the store."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.campaigns import templates
from greenbot.campaigns.templates import needed_by, render, variable_name, variables_of
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.errors import BadDraft, NotFound, UsageError


@pytest.mark.parametrize(
    ("text", "variables", "written"),
    [
        ("Hello", {}, "Hello"),
        ("Dear {{name}}!", {"name": "Olena"}, "Dear Olena!"),
        ("{{ name }}{{name}}", {"name": "A"}, "AA"),
        ("{{First Name}}", {"first_name": "Olena"}, "Olena"),
        ("{{first_name}}", {"First Name": "Olena"}, "Olena"),
        ("{{ім'я}}", {"Ім'я": "Олена"}, "Олена"),
        ("{{İsim}}", {"isim": "Ayşe"}, "Ayşe"),
        ("Dear {{name|guest}}", {}, "Dear guest"),
        ("Dear {{name|guest}}", {"name": "   "}, "Dear guest"),
        ("Dear {{name|guest}}", {"name": "Olena"}, "Dear Olena"),
        ("Hi{{name|}}!", {}, "Hi!"),
        ("Room {{room}}", {"room": " 12 "}, "Room 12"),
        ("{{a}}", {"a": "{{b}}"}, "{{b}}"),  # what guests write is never a gap
        ("{ok} {a}", {}, "{ok} {a}"),
        ("{{{a}}}", {"a": "x"}, "{x}"),
    ],
)
def test_gaps_are_filled(text: str, variables: Mapping[str, str], written: str) -> None:
    assert render(text, variables) == written


@pytest.mark.parametrize(
    ("variables", "missing"), [({}, "name"), ({"name": "A"}, "room"), ({"name": ""}, "name"), ({"room": "1"}, "name")]
)
def test_a_gap_that_stays_empty_is_an_error_that_names_it(variables: Mapping[str, str], missing: str) -> None:
    with pytest.raises(UsageError, match=f"The template needs {{{{{missing}}}}}") as caught:
        render("{{name}} in {{room}}", variables)
    assert f"--var {missing}=" in str(caught.value.hint)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dear {{name", "Line 1 of the template has a '{{'"),
        ("Dear\n\nname}}", "Line 3 of the template has a '}}'"),
        ("{{}}", "not a gap"),
        ("{{ 1st }}", "not a gap"),
        ("{{a{{b}}", "'{{'"),
    ],
)
def test_braces_that_make_no_gap_are_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variables_of(text)
    with pytest.raises(UsageError):
        render(text, {"name": "A", "b": "B"})


def test_the_names_of_gaps_come_once_and_in_order() -> None:
    assert variables_of("{{b}} {{A}} {{b|x}} {{a}}") == ("b", "a")
    assert needed_by("{{b|x}} {{A}}") == ("a",)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,8}[a-z]", fullmatch=True), st.text(min_size=1)))
def test_whatever_stands_in_a_value_it_is_written_as_it_is(values: dict[str, str]) -> None:
    values = {name: value for name, value in values.items() if value.strip()}
    template = "|".join(f"<{{{{{name}}}}}>" for name in values)
    assert render(template, values) == "|".join(f"<{value.strip()}>" for value in values.values())


@given(st.text())
def test_naming_twice_changes_nothing(text: str) -> None:
    assert variable_name(variable_name(text)) == variable_name(text)


def test_a_template_is_kept_changed_and_forgotten(db: Db, clock: ManualClock) -> None:
    kept = templates.add(db, "brunch", "Dear {{name}}", clock)
    assert (kept.text, kept.variables) == ("Dear {{name}}", ("name",))
    clock.advance(5)
    changed = templates.edit(db, "brunch", "Hello {{name}}", clock)
    assert (changed.created_at_ms, changed.changed_at_ms) == (kept.created_at_ms, kept.created_at_ms + 5000)
    assert templates.text_for(db, "brunch", {"Name": "Olena"}) == "Hello Olena"
    assert [template.name for template in templates.listed(db)] == ["brunch"]
    templates.remove(db, "brunch")
    assert templates.listed(db) == []


def test_a_wrong_template_is_refused(db: Db, clock: ManualClock) -> None:
    templates.add(db, "brunch", "Dear {{name}}", clock)
    with pytest.raises(UsageError, match="already") as caught:
        templates.add(db, "brunch", "other", clock)
    assert "templates edit brunch" in str(caught.value.hint)
    with pytest.raises(NotFound, match="brnch") as missing:
        templates.get(db, "brnch")
    assert missing.value.hint == "Did you mean brunch?"
    with pytest.raises(NotFound):
        templates.edit(db, "other", "text", clock)
    with pytest.raises(NotFound):
        templates.remove(db, "other")
    for name in ("", "Übung", "a b", "-x", "x" * 64):
        with pytest.raises(UsageError, match="cannot be called"):
            templates.add(db, name, "text", clock)
    with pytest.raises(BadDraft, match="20,001"):
        templates.add(db, "long", "x" * 20_001, clock)
    with pytest.raises(BadDraft, match="empty"):
        templates.add(db, "empty", "  ", clock)


def test_a_misspelt_variable_is_noticed(db: Db, clock: ManualClock) -> None:
    templates.add(db, "brunch", "Dear {{name}}", clock)
    with pytest.raises(UsageError, match="no gap called 'nmae'") as caught:
        templates.text_for(db, "brunch", {"name": "A", "nmae": "B"})
    assert caught.value.hint == "Its gaps: name."
