from __future__ import annotations

from domain.seeds import FIRST_SEND_ID
from pipeline.tokens import OF_A_SEED, make_token
from tests.bot.bot_lab import SECRET_KEY, Lab
from tests.bot.stages import sending


def link(desk: Lab, send_id: int = 1) -> str:
    return f"{desk.url}/u/{make_token(SECRET_KEY, send_id)}"


async def test_opening_the_link_changes_nothing(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    for method in ("GET", "HEAD"):
        async with desk.session.request(method, link(desk)) as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"
            page = await answer.text()
            assert method == "HEAD" or '<form method="post">' in page
    assert desk.count("suppressions") == 0


async def test_the_button_unsubscribes_and_twice_is_fine(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    for _ in range(2):
        async with desk.session.post(link(desk)) as answer:
            assert answer.status == 200
            assert "You are unsubscribed" in await answer.text()
    assert desk.count("suppressions") == 1


async def test_one_click_of_the_mail_program_unsubscribes(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    form = {"List-Unsubscribe": "One-Click"}
    async with desk.session.post(link(desk), data=form) as answer:
        assert answer.status == 200
    assert desk.count("suppressions") == 1


async def test_a_link_that_was_cut_off_says_what_to_do(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    for address in (link(desk)[:-3], f"{desk.url}/u/nonsense", f"{desk.url}/u/1-"):
        for method in ("GET", "POST"):
            async with desk.session.request(method, address) as answer:
                assert answer.status == 404
                assert "Open the whole link" in await answer.text()
    assert desk.count("suppressions") == 0


async def test_a_good_token_of_a_mail_that_is_not_here_is_not_found(desk: Lab) -> None:
    async with desk.session.post(link(desk, 77)) as answer:
        assert answer.status == 404


async def test_the_link_of_a_seed_mail_says_so_and_suppresses_nobody(
    desk: Lab,
) -> None:
    desk.write(sending, desk.deps.playbook)
    form = {"List-Unsubscribe": "One-Click"}
    for method, data in (("GET", None), ("POST", None), ("POST", form)):
        address = f"{desk.url}/u/{OF_A_SEED}"
        async with desk.session.request(method, address, data=data) as answer:
            assert answer.status == 200
            page = await answer.text()
            assert "It unsubscribes nobody" in page
            assert "<form" not in page
    assert desk.count("suppressions") == 0
    for token in ("seed-1", "Seed", "seed%00", f"{FIRST_SEND_ID}-{'0' * 20}"):
        async with desk.session.post(f"{desk.url}/u/{token}") as answer:
            assert answer.status == 404
