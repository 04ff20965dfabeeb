"""STOP and START in the languages of our guests: pure.

Only a message that consists of nothing else counts. "Stop by the pool?" is a question, and "cancel"
or "end" alone is about a booking, so these are no opt-out words here.
"""

import re
import unicodedata
from typing import Literal

Wish = Literal["stop", "start"]

_STOP = """
    stop; stopp; stop all; stopall; stop it; unsubscribe; opt out; optout; no more messages; remove me
    стоп; отписаться; отписка; отпишите; отпишите меня; не пишите; не пишите мне; не присылайте
    відписатися; відписатись; відписка; відпишіть; відпишіть мене; не пишіть; не пишіть мені; не надсилайте
    baja; darme de baja; dar de baja; parar; no más mensajes; cancelar suscripción
    abmelden; abbestellen; keine werbung; keine nachrichten mehr
    arrêter; arrêt; stop pub; désabonner; me désabonner; se désabonner; désinscrire; désinscription
    הסר; הסרה; הסירו; הסירו אותי; תסירו אותי; להסיר; הפסק; הפסיקו; די
    توقف; توقفوا; قف; إيقاف; أوقف; إلغاء الاشتراك; الغ الاشتراك
    dur; durdur; çık; ret; abonelikten çık; aboneliği iptal et; mesaj istemiyorum
"""  # noqa: RUF001 - Turkish
_START = """
    start; unstop; subscribe; opt in; optin
    старт; подписаться; подписка; возобновить
    підписатися; підписатись; підписка; відновити
    alta; darme de alta; iniciar; suscribirme
    anmelden; abonnieren
    s'abonner; m'abonner; abonner; reprendre; inscription
    התחל; הצטרף; הצטרפות; הירשם; להצטרף
    ابدأ; اشترك; اشتراك; تفعيل
    başla; başlat; abone ol
"""

#: No wish is longer; a novel need not be normalised to see that.
_LONGEST = 60


def wish_of(text: str) -> Wish | None:
    """What the whole message asks for: no more promotions, promotions again, or nothing of the kind.

    Capitals, accents, vowel points, punctuation and emoji around the words do not matter.
    """
    if len(text) > _LONGEST:
        return None
    words = _normalised(text)
    if words in _STOP_WORDS:
        return "stop"
    return "start" if words in _START_WORDS else None


def _normalised(text: str) -> str:
    # The Turkish i without a dot and the capital with one meet the ordinary i, however the phone wrote them.
    folded = unicodedata.normalize("NFKD", text).casefold().replace("\u0131", "i").replace("\u0640", "")
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", folded) if unicodedata.category(sign) != "Mn")
    return " ".join(re.findall(r"[^\W_]+", bare))


def _table(lists: str) -> frozenset[str]:
    return frozenset(_normalised(word) for word in re.split(r"[;\n]", lists)) - {""}


_STOP_WORDS = _table(_STOP)
_START_WORDS = _table(_START)
