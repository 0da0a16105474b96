"""What is SMTP's alone: the wire, its codes, TLS, and DKIM."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from domain.errors import Refused, TryLater
from pipeline.esp.batch_rules import address
from pipeline.esp.port import Accepted
from pipeline.esp.smtp import Smtp, server_of
from pipeline.esp.smtp_mail import Dkim
from tests.pipeline.esp_contract.benches import NOW, make_batch, make_mail
from tests.pipeline.esp_contract.mail_server import MailServer, mail_server


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as up:
        yield up


def connected(server: MailServer, **changes: object) -> Smtp:
    given: dict[str, object] = {"timeout_s": 0.5, "answer_s": 0.5, "clock": lambda: NOW}
    return Smtp(url=server.url, **given | changes)  # type: ignore[arg-type]  # a test's own


def send(esp: Smtp, *numbers: int) -> Accepted:
    return esp.send(make_batch(esp, *(make_mail(number) for number in numbers)))


# The table of answers


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 No such user",
        "550 No such user",
        "553 Bad name",
        "452 4.2.2 Full",
        "450 4.1.2 Domain not found",
    ],
)
def test_an_answer_about_one_mailbox_leaves_out_that_one(
    server: MailServer, said: str
) -> None:
    server.to_rcpt["reader2@mail.example"] = said
    answer = send(connected(server), 1, 2, 3)
    assert (answer.accepted, answer.refused) == (2, {2})
    assert server.addresses() == ["reader1@mail.example", "reader3@mail.example"]


@pytest.mark.parametrize(
    ("said", "is_gone"),
    [
        ("550 5.1.1 No such user", True),
        ("550 5.1.2 Bad host", True),
        ("550 5.1.10 Null MX", True),
        ("550 5.2.1 Disabled", True),
        ("550 No such user here", True),
        ("550 User unknown", True),
        ("551 Elsewhere", True),
        ("553 Invalid recipient", True),
        # full, unwelcome, or said of the sender: mailed again another time
        ("552 5.2.2 Full", False),
        ("550 5.1.0 Rejected", False),
        ("550 5.1.8 No such sender", False),
        ("550 Relaying denied", False),
        ("553 Sorry", False),
        ("450 4.1.1 No such user, for now", False),
    ],
)
def test_only_an_address_that_is_gone_for_good_has_bounced(
    server: MailServer, said: str, *, is_gone: bool
) -> None:
    server.to_rcpt["reader2@mail.example"] = said
    answer = send(connected(server), 1, 2, 3)
    assert (answer.accepted, answer.refused) == (2, {2})
    assert answer.bounced == ({2} if is_gone else set())


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("451 4.7.1 Slow down", timedelta(minutes=5)),
        ("450 Busy", timedelta(minutes=1)),
        ("499 Odd", timedelta(seconds=30)),
    ],
)
def test_a_recipient_that_is_put_off_does_not_hold_up_the_others(
    server: MailServer, said: str, wait: timedelta
) -> None:
    server.to_rcpt["reader2@mail.example"] = said
    answer = send(connected(server), 1, 2, 3)
    assert (answer.accepted, answer.later, answer.put_off) == (2, {2}, {2})
    assert answer.retry_after == wait
    assert server.addresses() == ["reader1@mail.example", "reader3@mail.example"]


def test_a_server_that_closes_puts_off_the_rest_and_keeps_what_is_out(
    server: MailServer,
) -> None:
    server.to_rcpt["reader2@mail.example"] = "421 4.3.2 Closing"
    answer = send(connected(server), 1, 2, 3)
    assert (answer.accepted, answer.later) == (1, {2, 3})
    assert answer.retry_after == timedelta(minutes=1)
    assert server.addresses() == ["reader1@mail.example"]


def test_a_server_that_puts_everyone_off_is_asked_no_further(
    server: MailServer,
) -> None:
    server.to_rcpt[""] = "451 4.7.1 Slow down"
    server.to_rcpt["reader9@mail.example"] = "550 5.1.1 Never asked about"
    answer = send(connected(server), *range(1, 10))
    assert (answer.accepted, answer.later) == (0, set(range(1, 10)))
    assert answer.put_off == {1, 2, 3, 4, 5}
    assert not answer.refused
    assert answer.retry_after == timedelta(minutes=5)
    assert server.taken == []


def test_a_text_that_is_refused_midway_stops_and_is_told_at_the_next_try(
    server: MailServer,
) -> None:
    server.to_data["reader2@mail.example"] = "554 5.7.1 Spam, says reader2@mail.example"
    esp = connected(server)
    answer = send(esp, 1, 2, 3)
    assert (answer.accepted, answer.later) == (1, {2, 3})
    with pytest.raises(Refused, match=r"554 5\.7\.1 Spam, says \[address\]"):
        send(esp, 2, 3)


def test_silence_after_one_text_leaves_one_mail_unknown(server: MailServer) -> None:
    server.to_data["reader2@mail.example"] = "stall"
    answer = send(connected(server), 1, 2, 3)
    assert (answer.accepted, answer.unknown, answer.later) == (1, {2}, {3})


def test_a_server_may_think_longer_about_a_text_than_about_a_command(
    server: MailServer,
) -> None:
    server.to_data[""] = "pause"
    answer = send(connected(server, answer_s=10), 1, 2)
    assert answer.accepted == 2


def test_when_time_is_up_the_rest_goes_later(server: MailServer) -> None:
    with pytest.raises(TryLater, match="slow"):
        send(connected(server, time_limit_s=-1), 1, 2)
    assert server.taken == []


def test_a_batch_of_none_but_bad_addresses_needs_no_server() -> None:
    esp = Smtp(url="smtp://127.0.0.1:1", clock=lambda: NOW)
    batch = make_batch(esp, make_mail(1, to="x"), make_mail(2, to="a@b@c"))
    assert esp.send(batch).refused == {1, 2}


def test_a_line_of_one_dot_ends_no_mail(server: MailServer) -> None:
    esp = connected(server)
    esp.send(make_batch(esp, make_mail(1, text="one\n.\n..two\n.three\n")))
    (taken,) = server.taken
    part = taken.message.get_body(("plain",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n") == "one\n.\n..two\n.three\n"


def test_each_mail_has_an_id_of_ours(server: MailServer) -> None:
    esp = connected(server)
    batch = make_batch(esp)
    esp.send(batch)
    ids = [each.message["Message-ID"] for each in server.taken]
    assert ids == [f"<{n}.{batch.batch_id}@brand.example>" for n in (1, 2)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a@b.example", "a@b.example"),
        ("ä@b.example", None),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a b@c.example", None),
        ("a@b.example> RCPT TO:<c@d.example", None),
        ("a@b.example\r\nDATA", None),
        ("", None),
        ("@b.example", None),
        ("a@" + "b" * 80 + ".example", None),
    ],
)
def test_only_a_plain_address_reaches_the_wire(given: str, kept: str | None) -> None:
    assert address(given) == kept


# Where it goes


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://mail.example", "smtp:///", "smtp://h:port/x"]
)
def test_a_bad_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused, match="SMTP_URL must read") as caught:
        server_of(url)
    assert not url or url not in str(caught.value)


def test_a_url_says_host_port_and_who() -> None:
    server = server_of("smtps://us%40er:p%3Aw@mail.example")
    assert (server.host, server.port, server.is_wrapped) == ("mail.example", 465, True)
    assert (server.user, server.password) == ("us@er", "p:w")
    assert "p:w" not in repr(server)
    assert server_of("smtp://mail.example").port == 587


def test_no_password_crosses_a_line_that_is_not_encrypted(server: MailServer) -> None:
    # this machine, under a name that is not known to be this machine
    elsewhere = server.url.replace("127.0.0.1", "127.1")
    with pytest.raises(Refused, match="no STARTTLS"):
        Smtp(url=elsewhere, clock=lambda: NOW, timeout_s=2).check()


def test_a_check_says_hello_and_mails_nobody(server: MailServer) -> None:
    connected(server).check()
    assert server.taken == []
    with pytest.raises(Refused, match="SMTP_URL"):
        Smtp(
            url=server.url.replace("pass%2Fword", "no"), clock=lambda: NOW, timeout_s=2
        ).check()


# DKIM


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def signing(key: rsa.RSAPrivateKey) -> Dkim:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Dkim(domain="brand.example", selector="desk", key=pem.decode())


def is_genuine(key: rsa.RSAPrivateKey, raw: bytes) -> bool:
    public = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    found = bool(dkim.verify(raw, dnsfunc=dns))
    assert asked == [b"desk._domainkey.brand.example."]
    return found


def test_a_signed_mail_verifies_and_covers_both_list_headers(
    server: MailServer, key: rsa.RSAPrivateKey
) -> None:
    send(connected(server, dkim=signing(key)), 1)
    raw = server.taken[0].raw
    assert is_genuine(key, raw)
    signature = server.taken[0].message["DKIM-Signature"]
    covered = {
        part.strip() for part in signature.split("h=")[1].split(";")[0].split(":")
    }
    assert {"list-unsubscribe", "list-unsubscribe-post", "from"} <= covered
    for altered in (b"List-Unsubscribe=One", b"https://desk.example/u/"):
        assert not is_genuine(key, raw.replace(altered, altered.swapcase()))


def test_without_a_key_a_mail_is_not_signed(server: MailServer) -> None:
    send(connected(server), 1)
    assert "DKIM-Signature" not in server.taken[0].message


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN RSA PRIVATE KEY-----\n\n", ""])
def test_a_key_that_is_none_is_refused_at_the_start(pem: str) -> None:
    with pytest.raises(Refused, match="SMTP_DKIM_KEY is no private RSA key"):
        Dkim(domain="brand.example", selector="desk", key=pem)
