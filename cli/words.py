"""What `copydesk up` says to the person who started it."""

from __future__ import annotations

from cli.plan import Plan

_NAMES = {"slack": "Slack", "writer": "writer", "esp": "ESP"}


def greeting(plan: Plan, *, seconds: float) -> str:
    """The block that is printed once the desk is up."""
    lines = [
        "",
        f"  Copydesk is up ({seconds:.1f} s).",
        "",
        *(f"  {line}" for line in _where(plan)),
        "",
        f"  {_parts(plan)}",
        f"  Everything it keeps is in {plan.folder}. Ctrl-C stops it.",
        *(f"  Note: {note}" for note in plan.notes),
        "",
    ]
    return "\n".join(lines)


def _where(plan: Plan) -> tuple[str, ...]:
    if "slack" in plan.practice:
        return (f"Open {plan.page}", "and type /brief in the message box.")
    if plan.desk.get("SLACK_APP_TOKEN"):
        return (
            "Connected to your Slack by Socket Mode: type /brief there.",
            "If it stays silent, `copydesk doctor` says why.",
        )
    return (
        f"Slack must reach {plan.desk['COPYDESK_PUBLIC_URL'].rstrip('/')}/slack/events;",
        "set that as the request URL in the app's settings, then type /brief in Slack.",
        "If it stays silent, `copydesk doctor` says why.",
    )


def _parts(plan: Plan) -> str:
    if not plan.practice:
        return "Slack, writer and ESP are real."
    names = " and ".join(_NAMES[part] for part in plan.practice[-1:])
    names = ", ".join(_NAMES[part] for part in plan.practice[:-1]) + (
        f" and {names}" if plan.practice[:-1] else names
    )
    said = f"Practice: {names}."
    lines = plan.practice_lines()
    return f"{said} {lines[0][0].upper()}{lines[0][1:]}." if lines else said
