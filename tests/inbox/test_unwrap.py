"""What polling keeps is what GREEN-API wrote, byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.inbox.unwrap import Notification, unwrap

EVENT = b'{"typeWebhook":"incomingMessageReceived","n":1}'


@pytest.mark.parametrize(
    "body",
    [
        EVENT,
        b'{ "a" :\t1 ,\r\n "b" : [ ] }',
        b'{"text":"\\"}],{ \\\\","body":{"receiptId":9}}',
        b'{"text":"\\u0041\\ud83d\\ude00","raw":"\xf0\x9f\x98\x80"}',
        b'{"lone":"\\ud800"}',
        b'{"not":NaN,"nor":-Infinity,"huge":' + b"9" * 5000 + b"}",
        b'{"bytes":"\xff\xfe\x00"}',
        b'{"text":"an "odd" quote"}',
        b'{"typeWebhook":"a","typeWebhook":"b"}',
        b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[]",
        b'"text"',
        b"null",
        b"{}",
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize("form", [b'{"receiptId":%d,"body":%b}', b' {\n "body" : %b ,\n "receiptId" : %d }\r\n'])
def test_the_body_is_cut_out_as_it_is(body: bytes, form: bytes) -> None:
    answer = form % ((7, body) if form.startswith(b'{"receiptId"') else (body, 7))
    assert unwrap(answer) == Notification(receipt=7, raw=body)


@pytest.mark.parametrize(
    "answer, receipt, raw",
    [
        (b'{"receiptId":1,"body":{"a":1},"body":{"a":2}}', 1, b'{"a":2}'),
        (b'{"receiptId":"12","body":{}}', 12, b"{}"),
        (b'{"\\u0072eceiptId":3,"body":{}}', 3, b"{}"),
        (b'{"receiptId":4,"more":[1,{"body":5}],"body":{}}', 4, b"{}"),
        (b'{"receiptId":5}', 5, b'{"receiptId":5}'),
        (b'{"receiptId":-1,"body":null}', -1, b"null"),
    ],
)
def test_odd_answers_are_understood_where_they_can_be(answer: bytes, receipt: int, raw: bytes) -> None:
    assert unwrap(answer) == Notification(receipt=receipt, raw=raw)


@pytest.mark.parametrize(
    "broken",
    [
        b'{"receiptId":6,"body":{"text":"cut',
        b'{"receiptId":6,"body":{"list":[1,2}}',
        b'{"receiptId":6,"body":{}} more',
        b'{"receiptId":6,"body":}',
        b'{"receiptId":6,',
        b'{"receiptId":6,"body":{},',
    ],
)
def test_a_broken_answer_is_kept_whole_and_said_to_be_broken(broken: bytes) -> None:
    assert unwrap(broken) == Notification(receipt=6, raw=broken, is_whole=False)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>receiptId</html>",
        b'{"body":{"receiptId":1}}',
        b'{"receiptId":null,"body":{}}',
        b'{"receiptId":1.5,"body":{}}',
        b'{"receiptId":%s,"body":{}}' % (b"9" * 5000),
        b'{"body":{"text":"cut, "receiptId":6,',
        b'{"receiptId":6',
    ],
    ids=lambda answer: repr(answer[:24]),
)
def test_without_a_receipt_there_is_nothing_to_delete(answer: bytes) -> None:
    assert unwrap(answer) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_any_value_comes_out_as_it_was_written(value: object, ascii_only: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert unwrap(b'{"receiptId":1,"body":' + body + b"}") == Notification(receipt=1, raw=body)


@given(st.binary(max_size=60))
def test_no_bytes_break_it(noise: bytes) -> None:
    for answer in (noise, b'{"receiptId":1,"body":' + noise, b"{" + noise + b"}"):
        found = unwrap(answer)
        assert found is None or found.raw in answer
