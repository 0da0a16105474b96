from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from cli.desk import made_secrets
from cli.parts import practice_parts
from cli.plan import Plan, make_plan, refuse_uninstalled
from cli.words import greeting
from domain.errors import Refused
from pipeline.esp.smtp import server_of
from pipeline.esp.vendors import VENDORS
from practice.esp.sns import TOPIC

REAL_MAIL = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SENDGRID_API_KEY": "SG.1",
    "COPYDESK_PUBLIC_URL": "https://desk.example",
    "COPYDESK_MAIL_FROM": "desk@example.org",
    "SENDGRID_WEBHOOK_PUBLIC_KEY": "key",
}


def plan(folder: Path, **env: str) -> Plan:
    return make_plan(
        {"COPYDESK_PORT": "0", "PATH": "/bin", **env},
        folder=folder,
        playbook=Path("playbook"),
        made=made_secrets(folder),
    )


def test_with_no_key_everything_is_practice_and_time_is_scaled(tmp_path: Path) -> None:
    made = plan(tmp_path)
    assert made.practice == ("slack", "writer", "esp")
    assert made.desk["COPYDESK_TIME_SCALE"] == "240"
    assert made.desk["COPYDESK_ALLOW_SAMPLE_COPY"] == "1"
    assert "1 s stands for 4 min" in greeting(made, seconds=1)


def test_a_real_esp_is_never_scaled_and_may_send_no_sample_copy(
    tmp_path: Path,
) -> None:
    made = plan(tmp_path, **REAL_MAIL)
    assert made.practice == ("writer",)
    assert "COPYDESK_TIME_SCALE" not in made.desk
    assert "COPYDESK_ALLOW_SAMPLE_COPY" not in made.desk


def test_what_is_set_for_practice_time_is_kept(tmp_path: Path) -> None:
    assert plan(tmp_path, COPYDESK_TIME_SCALE="60").desk["COPYDESK_TIME_SCALE"] == "60"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"SENDGRID_API_KEY": "SG.1"}, "The practice Slack must not send real mail"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "A real Slack needs SLACK_APP_TOKEN"),
        (
            {**REAL_MAIL, "COPYDESK_PUBLIC_URL": ""},
            "Real mail needs COPYDESK_PUBLIC_URL",
        ),
        (
            {**REAL_MAIL, "SENDGRID_WEBHOOK_PUBLIC_KEY": ""},
            "Real mail needs SENDGRID_WEBHOOK_PUBLIC_KEY",
        ),
        (
            {**REAL_MAIL, "COPYDESK_TIME_SCALE": "240"},
            "COPYDESK_TIME_SCALE is for practice only",
        ),
        (
            {**REAL_MAIL, "COPYDESK_ALLOW_SAMPLE_COPY": "1"},
            "COPYDESK_ALLOW_SAMPLE_COPY is for practice only",
        ),
        ({"COPYDESK_PORT": "http"}, "COPYDESK_PORT must be a port number"),
        ({"COPYDESK_ESP": "mailgun"}, "COPYDESK_ESP must be one of sendgrid, "),
        (
            {"COPYDESK_ESP": "sparkpost", "SPARKPOST_API_KEY": "k"},
            "The practice Slack must not send real mail: unset SPARKPOST_API_KEY",
        ),
        (
            {**REAL_MAIL, "COPYDESK_ESP": "sparkpost", "SPARKPOST_API_KEY": "k"},
            "Real mail needs SPARKPOST_WEBHOOK_PASSWORD",
        ),
    ],
)
def test_a_setup_that_is_half_real_is_refused(
    tmp_path: Path, env: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        plan(tmp_path, **env)


def test_the_practice_esp_stands_in_for_the_one_that_is_asked_for(
    tmp_path: Path,
) -> None:
    made = plan(tmp_path, COPYDESK_ESP="sparkpost")
    assert "esp" in made.practice
    assert made.esp == "sparkpost"
    assert made.desk["SPARKPOST_API_URL"] == f"http://127.0.0.1:{made.ports.esp}"
    (esp,) = [part for part in practice_parts(made) if part.name == "esp"]
    assert esp.env["PRACTICE_ESP_VENDOR"] == "sparkpost"
    assert esp.env["PRACTICE_ESP_WEBHOOK_URL"].endswith("/webhooks/esp/sparkpost")
    shown = esp.env["PRACTICE_ESP_WEBHOOK_PASSWORD"]
    assert shown == made.desk["SPARKPOST_WEBHOOK_PASSWORD"]


def test_a_practice_amazon_gets_no_real_account_and_the_topic_it_posts_for(
    tmp_path: Path,
) -> None:
    made = plan(
        tmp_path,
        COPYDESK_ESP="ses",
        AWS_ACCESS_KEY_ID="real",
        AWS_SECRET_ACCESS_KEY="real",
        AWS_SESSION_TOKEN="real",
        AWS_PROFILE="real",
    )
    assert "real" not in made.desk.values()
    assert made.desk["AWS_ACCESS_KEY_ID"] == made.made["esp_key"]
    assert made.desk["SES_SNS_TOPIC"] == TOPIC
    assert made.desk["SES_API_URL"] == f"http://127.0.0.1:{made.ports.esp}"
    (esp,) = [part for part in practice_parts(made) if part.name == "esp"]
    assert esp.env["PRACTICE_ESP_WEBHOOK_URL"].endswith("/webhooks/esp/ses")
    assert "AWS_ACCESS_KEY_ID" not in esp.env


def test_an_esp_whose_library_is_not_here_is_refused_before_anything_starts() -> None:
    lacking = replace(VENDORS["ses"], module="no_such_library")
    with pytest.raises(Refused, match=r"needs no_such_library: pip install .*ses\.txt"):
        refuse_uninstalled(lacking)
    refuse_uninstalled(VENDORS["ses"])


def test_a_real_amazon_keeps_its_account(tmp_path: Path) -> None:
    ses = {
        "COPYDESK_ESP": "ses",
        "SES_REGION": "eu-west-1",
        "SES_CONFIGURATION_SET": "desk",
        "SES_SNS_TOPIC": "arn:aws:sns:eu-west-1:123456789012:desk",
        "AWS_PROFILE": "real",
    }
    made = plan(tmp_path, **{**REAL_MAIL, **ses})
    assert made.desk["AWS_PROFILE"] == "real"
    assert "esp" not in made.practice


def test_a_practice_mail_server_takes_the_practice_key(tmp_path: Path) -> None:
    made = plan(tmp_path, COPYDESK_ESP="smtp")
    server = server_of(made.desk["SMTP_URL"])
    assert (server.host, server.port) == ("127.0.0.1", made.ports.smtp)
    assert server.password == made.made["esp_key"]
    (esp,) = [part for part in practice_parts(made) if part.name == "esp"]
    assert esp.env["PRACTICE_ESP_SMTP_PORT"] == str(made.ports.smtp)


def test_a_key_of_an_esp_that_does_not_deliver_is_said(tmp_path: Path) -> None:
    made = plan(tmp_path, SPARKPOST_API_KEY="k")
    assert made.practice == ("slack", "writer", "esp")
    assert "set COPYDESK_ESP=sparkpost to use it" in made.notes[0]


def test_practice_processes_get_none_of_the_desks_secrets(tmp_path: Path) -> None:
    made = plan(tmp_path, DATABASE_URL="postgresql://u:p@h/d", OPENAI_API_KEY="sk-1")
    assert not any(
        name.startswith(
            ("COPYDESK_", "SLACK_", "OPENAI_", "SENDGRID_", "SPARKPOST_", "DATABASE")
        )
        for name in made.plain
    )


def test_a_taken_port_moves_to_the_next_free_one_and_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        made = plan(tmp_path, COPYDESK_PORT=str(port))
    assert made.ports.web > port
    assert f"Port {port} is taken, so the desk is on port" in made.notes[0]


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = made_secrets(tmp_path)
    assert made_secrets(tmp_path) == first
    mode = (tmp_path / "secrets.json").stat().st_mode & 0o777
    assert mode == 0o600
