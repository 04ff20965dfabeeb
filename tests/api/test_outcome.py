# ruff: noqa: E501 - in these tables one case is one line, however long GREEN-API's text is
"""The table of guarantees.md §2.0 and the error tables of GREEN-API's documents, line by line."""

import json
from collections.abc import Mapping

import pytest

from greenbot.api.endpoints import find
from greenbot.api.outcome import Failure, Outcome, OutcomeClass, Reply, classify, error_of
from greenbot.errors import GreenbotError
from greenbot.redact import redact

OK, ACCEPTED, AMBIGUOUS, NOT_SENT = (
    OutcomeClass.OK,
    OutcomeClass.ACCEPTED,
    OutcomeClass.AMBIGUOUS,
    OutcomeClass.NOT_SENT,
)
LIMITED, PERMANENT, AUTH, CONFIG, QUOTA = (
    OutcomeClass.LIMITED,
    OutcomeClass.PERMANENT,
    OutcomeClass.AUTH,
    OutcomeClass.CONFIG,
    OutcomeClass.QUOTA,
)


def reply(status: int = 200, body: object = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """An answer; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers or {"content-type": "application/json"}, body=raw)


def seen(method: str, answer: Reply | Failure) -> Outcome:
    return classify(find(method), answer)


SENDS = [
    # no byte left
    (Failure(stage="before_request", kind="dns"), NOT_SENT, "dns_failed", "unreachable"),
    (Failure(stage="before_request", kind="connect"), NOT_SENT, "connect_failed", "unreachable"),
    (Failure(stage="before_request", kind="timeout"), NOT_SENT, "connect_timeout", "unreachable"),
    (Failure(stage="before_request", kind="tls"), NOT_SENT, "tls_failed", "unreachable"),
    (Failure(stage="before_request", kind="pool"), NOT_SENT, "no_free_connection", "unreachable"),
    (Failure(stage="before_request", kind="proxy"), NOT_SENT, "proxy_refused", "unreachable"),
    (Failure(stage="before_request", kind="cancelled"), NOT_SENT, "cancelled", "stopped"),
    # a byte may have left
    (Failure(stage="after_first_byte", kind="write"), AMBIGUOUS, "write_failed", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="timeout"), AMBIGUOUS, "read_timeout", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="read"), AMBIGUOUS, "connection_lost", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="cancelled"), AMBIGUOUS, "cancelled", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="deadline"), AMBIGUOUS, "deadline", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="too_large"), AMBIGUOUS, "reply_too_large", "outcome_unknown"),
    (Failure(stage="after_first_byte", kind="encoding"), AMBIGUOUS, "unreadable_encoding", "outcome_unknown"),
    # 200 is accepted only with an id
    (reply(200, {"idMessage": "BAE51"}), ACCEPTED, "ok", None),
    (reply(200, b"<!doctype html><title>Hotel WiFi</title>"), AMBIGUOUS, "html_reply", "outcome_unknown"),
    (reply(200, b""), AMBIGUOUS, "empty_reply", "outcome_unknown"),
    (reply(200, b'{"idMessage":"BAE5'), AMBIGUOUS, "not_json", "outcome_unknown"),
    (reply(200, b'{"idMessage":NaN}'), AMBIGUOUS, "not_json", "outcome_unknown"),
    (reply(200, b"[" * 5000), AMBIGUOUS, "not_json", "outcome_unknown"),
    (reply(200, b"\xff\xfe{"), AMBIGUOUS, "not_json", "outcome_unknown"),
    (reply(200, {}), AMBIGUOUS, "no_id_message", "outcome_unknown"),
    (reply(200, {"idMessage": ""}), AMBIGUOUS, "no_id_message", "outcome_unknown"),
    (reply(200, {"idMessage": 7}), AMBIGUOUS, "no_id_message", "outcome_unknown"),
    (reply(200, {"idMessage": None}), AMBIGUOUS, "no_id_message", "outcome_unknown"),
    (reply(200, []), AMBIGUOUS, "unexpected_reply", "outcome_unknown"),
    (reply(200, b"null"), AMBIGUOUS, "unexpected_reply", "outcome_unknown"),
    (reply(200, "queued"), AMBIGUOUS, "unexpected_reply", "outcome_unknown"),
    (reply(201, {"idMessage": "BAE51"}), AMBIGUOUS, "http_201", "outcome_unknown"),
    (reply(204), AMBIGUOUS, "http_204", "outcome_unknown"),
    # never followed
    *((reply(status, b"", {"location": "https://x.example/"}), CONFIG, "redirected", "misdirected") for status in (301, 302, 303, 307, 308)),
    # the state of the instance
    (reply(400, b"instance in starting process try later"), NOT_SENT, "instance_starting", "instance_not_ready"),
    (reply(400, b"instance account not authorized"), NOT_SENT, "instance_not_authorized", "instance_not_ready"),
    (reply(400, {"message": "instance is starting or not authorized"}), NOT_SENT, "instance_not_authorized", "instance_not_ready"),
    (reply(400, b"Instance account is expired. Renew your instance from personal area"), CONFIG, "instance_expired", "instance_not_ready"),
    (reply(400, b"Instance is deleted"), CONFIG, "instance_deleted", "instance_not_ready"),
    # our request
    (reply(400, b"bad request data"), PERMANENT, "bad_request", "rejected"),
    (reply(400, b"Bad Request Validation failed"), PERMANENT, "bad_request", "rejected"),
    (reply(400, {"statusCode": 400, "message": "Validation failed. Details: 'chatId' is required"}), PERMANENT, "bad_request", "rejected"),
    (reply(400, b"Unexpected token _ in JSON at position 12"), PERMANENT, "bad_request", "rejected"),
    (reply(400, b""), PERMANENT, "bad_request", "rejected"),
    (reply(400, b"Parameter idInstance not an integer"), CONFIG, "bad_address", "misdirected"),
    (reply(400, b"Parameter apiTokenInstance not define"), CONFIG, "bad_address", "misdirected"),
    (reply(413), PERMANENT, "request_too_large", "rejected"),
    (reply(415), PERMANENT, "wrong_content_type", "rejected"),
    (reply(422), PERMANENT, "bad_request", "rejected"),
    (reply(500, b"request entity too large"), PERMANENT, "request_too_large", "rejected"),
    (reply(500, b"File from url exceeded max upload size. Size: 250mb Limit: 100mb Url: x"), PERMANENT, "file_too_large", "rejected"),
    # credentials and address
    (reply(401, b""), AUTH, "token_refused", "credentials_refused"),
    (reply(403, b""), AUTH, "forbidden", "credentials_refused"),
    (reply(403, b"Your account is suspended"), AUTH, "account_suspended", "credentials_refused"),
    (reply(404, b"<html>nginx</html>"), CONFIG, "not_found", "misdirected"),
    # limits
    (reply(429), LIMITED, "rate_limited", "rate_limited"),
    (reply(429, b"<html>slow down</html>"), LIMITED, "rate_limited", "rate_limited"),
    (reply(466, {"invokeStatus": {"status": "QUOTE_EXCEEDED", "used": 100, "total": 100}}), QUOTA, "quota_method", "quota_exceeded"),
    (reply(466, b"what"), QUOTA, "quota", "quota_exceeded"),
    (reply(469, b"User get contact info limit reached"), QUOTA, "quota", "quota_exceeded"),
    # the server
    (reply(503), NOT_SENT, "http_503", "upstream_failed"),
    *((reply(status, b"<html>"), AMBIGUOUS, f"http_{status}", "outcome_unknown") for status in (408, 499, 500, 502, 504, 507, 520, 599)),
    # any status
    (Reply(status=200, headers={}, body=b"", truncated=True), AMBIGUOUS, "reply_too_large", "outcome_unknown"),
    (Reply(status=401, headers={}, body=b"", truncated=True), AMBIGUOUS, "reply_too_large", "outcome_unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "cls", "reason", "code"), SENDS)
def test_what_a_send_led_to(answer: Reply | Failure, cls: OutcomeClass, reason: str, code: str | None) -> None:
    outcome = seen("sendMessage", answer)
    assert (outcome.cls, outcome.reason) == (cls, reason)
    assert outcome.succeeded == (code is None)
    if code is not None:
        assert error_of(outcome, instance="a").code() == code


@pytest.mark.parametrize("answer", [row[0] for row in SENDS if row[1] is AMBIGUOUS])
def test_a_question_is_never_left_open_because_it_can_be_asked_again(answer: Reply | Failure) -> None:
    assert seen("getSettings", answer).cls in (NOT_SENT, OK)


@pytest.mark.parametrize("answer", [row[0] for row in SENDS if row[1] is AMBIGUOUS and isinstance(row[0], Failure)])
def test_a_lost_change_is_as_uncertain_as_a_lost_message(answer: Failure) -> None:
    outcome = seen("createGroup", answer)
    assert outcome.cls is AMBIGUOUS
    error = error_of(outcome, instance="a", endpoint=find("createGroup"))
    assert "createGroup" in str(error)
    assert not error.maybe_sent


QUESTIONS = [
    # 200 and fine
    ("getSettings", reply(200, {"wid": "1@c.us"}), OK, "ok", {"wid": "1@c.us"}),
    ("getContacts", reply(200, [{"id": "1@c.us"}]), OK, "ok", [{"id": "1@c.us"}]),
    ("forwardMessages", reply(200, {"messages": ["BAE51", "BAE52"]}), ACCEPTED, "ok", {"messages": ["BAE51", "BAE52"]}),
    ("sendTyping", reply(200, b""), ACCEPTED, "ok", None),
    ("deleteMessage", reply(200, b""), OK, "ok", None),
    ("deleteMessage", reply(200, b"OK"), OK, "ok", "OK"),
    ("archiveChat", reply(204, b""), OK, "ok", None),
    ("editMessage", reply(200, {"idMessage": "BAE51"}), OK, "ok", {"idMessage": "BAE51"}),
    ("uploadFile", reply(200, {"urlFile": "https://x/1.jpg"}), OK, "ok", {"urlFile": "https://x/1.jpg"}),
    ("downloadFile", reply(200, {"downloadUrl": "https://x"}), OK, "ok", {"downloadUrl": "https://x"}),
    ("downloadFile", reply(200, b"\x89PNG", {"content-type": "image/png"}), OK, "raw_bytes", b"\x89PNG"),
    ("getMessagesCount", reply(200, {"count": 3}), OK, "ok", {"count": 3}),
    ("getMessagesCount", reply(200, {"\u0441ount": 3}), OK, "ok", {"count": 3}),
    ("getWebhooksCount", reply(200, {"\u0441ount": 0}), OK, "ok", {"count": 0}),
    ("getProducts", reply(200, [1]), OK, "ok", [1]),
    # 200 and not fine
    ("getContacts", reply(200, {"id": "1"}), NOT_SENT, "unexpected_reply", None),
    ("getSettings", reply(200, []), NOT_SENT, "unexpected_reply", None),
    ("uploadFile", reply(200, {"urlFile": ""}), NOT_SENT, "unexpected_reply", None),
    ("forwardMessages", reply(200, {"messages": []}), AMBIGUOUS, "no_id_message", None),
    ("forwardMessages", reply(200, {"messages": ["BAE51", ""]}), AMBIGUOUS, "no_id_message", None),
    ("sendTyping", reply(200, b"<html>WiFi</html>"), AMBIGUOUS, "html_reply", None),
    ("sendTyping", reply(204, b""), AMBIGUOUS, "http_204", None),
    ("deleteMessage", reply(200, b"<html>WiFi</html>"), NOT_SENT, "html_reply", None),
    ("downloadFile", reply(200, b"<html>WiFi</html>", {"content-type": "text/html"}), NOT_SENT, "html_reply", None),
    ("getInstances", reply(200, {"code": 401, "description": "Unauthorized"}), AUTH, "token_refused", None),
    ("deleteInstanceAccount", reply(200, {"code": 404, "description": "Not found"}), PERMANENT, "not_found", None),
    ("createInstance", reply(200, {"code": "401", "description": "Unauthorized"}), AUTH, "token_refused", None),
    ("createInstance", reply(200, {"code": 500}), PERMANENT, "refused", None),
    ("getAvatar", reply(200, {"urlAvatar": "", "reason": "bad request data"}), PERMANENT, "refused", {"urlAvatar": "", "reason": "bad request data"}),
    ("getAvatar", reply(200, {"reason": "get avatar timeout limit exceeded"}), NOT_SENT, "whatsapp_slow", {"reason": "get avatar timeout limit exceeded"}),
    ("getAvatar", reply(200, {"urlAvatar": "", "available": False}), OK, "ok", {"urlAvatar": "", "available": False}),
    ("deleteNotification", reply(200, {"result": False, "reason": ""}), OK, "ok", {"result": False, "reason": ""}),
    ("clearWebhooksQueue", reply(200, {"isCleared": False, "reason": "Too many requests", "leftTime": 42}), LIMITED, "rate_limited", {"isCleared": False, "reason": "Too many requests", "leftTime": 42}),
    ("setProfilePicture", reply(200, {"setProfilePicture": False, "reason": "bad"}), PERMANENT, "refused", {"setProfilePicture": False, "reason": "bad"}),
    ("setGroupPicture", reply(200, {"setGroupPicture": False, "reason": "not admin"}), PERMANENT, "refused", {"setGroupPicture": False, "reason": "not admin"}),
    ("getAuthorizationCode", reply(200, {"status": False, "code": ""}), PERMANENT, "refused", {"status": False, "code": ""}),
    ("reboot", reply(200, {}), AMBIGUOUS, "unexpected_reply", None),
    ("getStateInstance", reply(200, b"null"), OK, "instance_being_created", None),
    # polling: five forms of nothing
    ("receiveNotification", reply(200, b"null"), OK, "nothing_waits", None),
    ("receiveNotification", reply(200, b""), OK, "nothing_waits", None),
    ("receiveNotification", reply(200, b" [] "), OK, "nothing_waits", None),
    ("receiveNotification", reply(204), OK, "nothing_waits", None),
    ("receiveNotification", reply(408, b"timeout"), OK, "nothing_waits", None),
    ("receiveNotification", reply(200, {"receiptId": 1, "body": {}}), OK, "ok", {"receiptId": 1, "body": {}}),
    ("receiveNotification", reply(400, b"Message cannot be received because custom webhook url is set. Go to cabinet, clear webhook url"), PERMANENT, "webhook_url_set", None),
    ("receiveNotification", reply(400, {"code": "INVALID_PARAM", "message": "Message cannot be received because custom webhook url is set", "status": "error"}), PERMANENT, "webhook_url_set", None),
    ("deleteNotification", reply(500, b"Cannot read properties of undefined (reading 'findUnAckedMessage')"), OK, "already_deleted", {"result": False, "reason": "already deleted"}),
    ("deleteNotification", reply(400, b"Parameter receiptId must be a Number"), PERMANENT, "bad_request", None),
    # others
    ("checkWhatsapp", reply(400, b"check phone number timeout limit exceeded"), NOT_SENT, "whatsapp_slow", None),
    ("checkWhatsapp", reply(400, b"bad phone number, valid 11 or 12 digits"), PERMANENT, "bad_request", None),
    ("getSettings", reply(502, b"<html>"), NOT_SENT, "http_502", None),
    ("getSettings", reply(499), NOT_SENT, "http_499", None),
    ("sendButtons", reply(403), PERMANENT, "method_unavailable", None),
    ("sendReaction", reply(404), PERMANENT, "method_unavailable", None),
    ("sendInteractiveButtons", reply(403), PERMANENT, "method_unavailable", None),
    ("sendFileByUpload", reply(500, b"Unexpected end of form"), AMBIGUOUS, "http_500", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "answer", "cls", "reason", "data"), QUESTIONS)
def test_what_other_calls_led_to(method: str, answer: Reply, cls: OutcomeClass, reason: str, data: object) -> None:
    outcome = seen(method, answer)
    assert (outcome.cls, outcome.reason, outcome.data) == (cls, reason, data)


def test_the_first_of_the_forwarded_ids_is_the_remote_id() -> None:
    assert seen("forwardMessages", reply(200, {"messages": ["BAE51", "BAE52"]})).remote_id == "BAE51"


@pytest.mark.parametrize(
    ("method", "answer", "seconds"),
    [
        ("sendMessage", reply(429), 1.0),
        ("setProfilePicture", reply(429), 10.0),  # one call in 10 seconds
        ("clearWebhooksQueue", reply(429), 60.0),
        ("sendMessage", reply(429, headers={"retry-after": "7"}), 7.0),
        ("sendMessage", reply(429, headers={"retry-after": "0"}), 0.0),
        ("sendMessage", reply(429, headers={"retry-after": "soon"}), 1.0),
        ("sendMessage", reply(429, headers={"retry-after": "-5"}), 1.0),
        ("sendMessage", reply(429, headers={"retry-after": "99999999999999999999"}), 86_400.0),
        ("sendMessage", reply(503, headers={"retry-after": "30"}), 30.0),
        ("sendMessage", reply(503), None),
        (
            "sendMessage",
            reply(429, headers={"date": "Sun, 22 Nov 2026 08:00:00 GMT", "retry-after": "Sun, 22 Nov 2026 08:01:30 GMT"}),
            90.0,
        ),
        ("sendMessage", reply(429, headers={"retry-after": "Sun, 22 Nov 2026 08:01:30 GMT"}), 1.0),
        ("sendMessage", reply(400, b"instance in starting process try later"), 10.0),
        ("clearWebhooksQueue", reply(200, {"isCleared": False, "leftTime": 42}), 42.0),
        ("clearWebhooksQueue", reply(200, {"isCleared": False, "leftTime": -1}), 1.0),
    ],
)  # fmt: skip
def test_how_long_to_wait(method: str, answer: Reply, seconds: float | None) -> None:
    outcome = seen(method, answer)
    assert outcome.retry_after_seconds == seconds
    if not outcome.succeeded:
        assert error_of(outcome, instance="a").retry_after_seconds == seconds


@pytest.mark.parametrize("spelling", ["QUOTE_EXCEEDED", "QUOTA_EXCEEDED"])
@pytest.mark.parametrize(
    ("key", "reason"), [("invokeStatus", "quota_method"), ("correspondentsStatus", "quota_correspondents")]
)
def test_both_spellings_of_a_used_up_quota_are_understood(spelling: str, key: str, reason: str) -> None:
    other = "correspondentsStatus" if key == "invokeStatus" else "invokeStatus"
    body = {
        key: {"used": "3", "total": 3, "status": f"X_{spelling}", "description": "only these chats: 79001234567"},
        other: {"used": 1, "total": 9, "status": "QUOTE_ALLOWED"},
    }
    outcome = seen("checkWhatsapp", reply(466, body))
    assert (outcome.cls, outcome.reason) == (QUOTA, reason)
    assert "3 of 3" in outcome.detail
    assert "79001234567" not in outcome.detail
    assert outcome.data is None


TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887"


@pytest.mark.parametrize(
    "body",
    [
        {"statusCode": 400, "path": f"/waInstance1101000001/sendMessage/{TOKEN}", "message": "Validation failed"},
        f"Cannot POST /waInstance1101000001/sendMessage/{TOKEN}".encode(),
        {"message": f"Cannot POST /waInstance1101000001/sendMessage/{TOKEN}"},
        b"please call +79001234567 and 79007654321",
        b"\x1b[2J\x1b]8;;http://evil\x07click",
        b"x" * 100_000,
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_words_of_strangers_lose_tokens_numbers_and_controls(status: int, body: object) -> None:
    outcome = seen("sendMessage", reply(status, body))
    shown = f"{outcome!r} {error_of(outcome, instance='a')}"
    assert TOKEN not in shown
    assert redact(outcome.detail) == outcome.detail
    assert "79001234567" not in shown
    assert "79007654321" not in shown
    assert "\x1b" not in shown
    assert len(outcome.detail) <= 200


def test_the_answer_itself_stays_out_of_the_representation() -> None:
    assert TOKEN not in repr(seen("updateApiToken", reply(200, {"apiTokenInstance": TOKEN})))


@pytest.mark.parametrize("cls", [cls for cls in OutcomeClass if not cls.succeeded])
def test_every_class_has_an_error_with_an_exit_code(cls: OutcomeClass) -> None:
    error = error_of(Outcome(cls=cls, reason="anything", detail="because"), instance="grand-kyiv", message_id=7)
    assert type(error) is not GreenbotError
    assert error.exit_code > 1
    assert (error.instance, error.message_id) == ("grand-kyiv", 7)
    assert str(error).endswith("because.")


@pytest.mark.parametrize(("message_id", "look"), [(7, "outbox show 7"), (None, "journal outgoing")])
def test_a_lost_message_is_looked_for_where_there_is_something_to_see(message_id: int | None, look: str) -> None:
    lost = Outcome(cls=AMBIGUOUS, reason="connection_lost")
    error = error_of(lost, instance="a", message_id=message_id, endpoint=find("sendMessage"))
    assert error.hint is not None
    assert error.hint.endswith(look)


def test_an_expired_instance_is_not_worth_retrying() -> None:
    expired = error_of(seen("sendMessage", reply(400, b"Instance account is expired")), instance="a")
    starting = error_of(seen("sendMessage", reply(400, b"instance in starting process try later")), instance="a")
    assert (expired.retryable, starting.retryable) == (False, True)


def test_a_page_instead_of_an_answer_points_at_the_address() -> None:
    outcome = seen("getSettings", reply(200, b"<html>"))
    assert error_of(outcome, instance="a").code() == "misdirected"
