"""A message that says nothing but STOP or START, in ten languages; and everything that only looks like it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.campaigns.optout import wish_of

STOPS = {
    "en": ["STOP", "stop", "Stop.", "  stop\n", "STOP!!!", "stop 🙏", "Unsubscribe", "opt-out", "Stop all", "*STOP*"],
    "ru": ["СТОП", "стоп", "Отписаться", "отпишите меня", "Не пишите мне!"],  # noqa: RUF001 - Russian
    "uk": ["Стоп", "відписатися", "Відпишіть мене", "не пишіть мені"],
    "es": ["BAJA", "Darme de baja", "no más mensajes", "NO MAS MENSAJES", "Cancelar suscripción"],
    "de": ["Stopp", "abmelden", "Abbestellen!", "Keine Werbung"],
    "fr": ["Arrêter", "ARRETER", "Me désabonner", "desabonner", "STOP PUB"],
    "he": ["הסר", "הסירו אותי", "הָסֵר", "די"],
    "ar": ["توقف", "تَوَقَّف", "إلغاء الاشتراك", "الغاء الاشتراك", "توقـــف"],
    "tr": ["DUR", "Durdur", "ÇIK", "çık", "RET", "ABONELİKTEN ÇIK"],  # noqa: RUF001 - Turkish
}
STARTS = {
    "en": ["START", "Unstop", "subscribe!"],
    "ru": ["Старт", "ПОДПИСАТЬСЯ"],
    "uk": ["старт", "Підписатися"],
    "es": ["ALTA", "iniciar"],
    "de": ["Start", "Anmelden"],
    "fr": ["S'abonner", "s’abonner", "REPRENDRE"],  # noqa: RUF001 - what phones write
    "he": ["התחל", "הצטרף"],
    "ar": ["ابدأ", "اشترك"],
    "tr": ["BAŞLA", "başlat", "Abone ol"],
}
NEITHER = [
    "Stop by the pool?",
    "Please stop the music",
    "Where is the bus stop",
    "cancel",  # a booking
    "end",
    "no",
    "",
    "   ",
    "🙏",
    "stop start",
    "Не стоп",  # noqa: RUF001 - Russian
    "Когда старт?",
    "la baja temporada",
    "stopping",
    "stop " * 40,
    "😀" * 10_000,
]


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in STOPS.items() for text in texts])
def test_a_guest_can_say_stop(language: str, text: str) -> None:
    assert wish_of(text) == "stop"


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in STARTS.items() for text in texts])
def test_a_guest_can_say_start(language: str, text: str) -> None:
    assert wish_of(text) == "start"


@pytest.mark.parametrize("text", NEITHER)
def test_anything_else_is_no_wish(text: str) -> None:
    assert wish_of(text) is None


@given(st.sampled_from([text for texts in STOPS.values() for text in texts]), st.sampled_from(["NFC", "NFD", "NFKC"]))
def test_how_a_phone_composes_its_letters_does_not_matter(text: str, form: str) -> None:
    assert wish_of(unicodedata.normalize(form, text)) == "stop"  # type: ignore[arg-type]  # one of the four forms


@given(
    st.sampled_from(["stop", "baja", "стоп", "توقف"]), st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1)
)
def test_a_word_more_is_another_message(word: str, more: str) -> None:
    assert wish_of(f"{word} zz{more}") is None
