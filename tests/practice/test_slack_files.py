"""Files that people give to the practice Slack in a form, and how the app gets them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.practice.slack_lab import CLEO, MARA, Json, Lab, lab, modal, plain

CSV = b"email,consent\na@b.example,yes\n"


def file_entry(**more: Any) -> Json:
    return {
        "type": "input",
        "block_id": "list",
        "label": plain("CSV file"),
        "element": {"type": "file_input", "action_id": "file", **more},
    }


async def give(
    slack: Lab, content: bytes = CSV, *, by: str = MARA, name: str = "crew.csv"
) -> Json:
    async with slack.http.post(
        f"{slack.up.url}/practice/upload",
        params={"as": by, "name": name},
        data=content,
        headers={"X-Practice": "1"},
    ) as answer:
        given: Json = await answer.json()
        return given


async def submit(slack: Lab, view: Json, files: Any) -> Json:
    values = {"list": {"file": {"type": "file_input", "files": files}}}
    return await slack.post("view_submit", view_id=view["id"], state={"values": values})


async def test_a_submitted_file_comes_as_slack_describes_it() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal(file_entry(filetypes=["csv"], max_files=1)))
        given = await give(slack)
        # whatever else a page says of a file, the workspace knows better
        report = await submit(slack, view, [{"id": given["file"]["id"], "user": "U0X"}])
        assert report["closed"] is True
        (file,) = slack.app.last["view"]["state"]["values"]["list"]["file"]["files"]
        assert file == given["file"]
        assert (file["user"], file["user_team"]) == (MARA, "T0PRACTICE")
        assert (file["filetype"], file["mimetype"]) == ("csv", "text/csv")
        assert (file["mode"], file["size"]) == ("snippet", len(CSV))
        info = await slack.slack.files_info(file=file["id"])
        assert info["file"] == file


async def test_a_form_that_wants_a_file_is_not_sent_without_one() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal(file_entry()))
        theirs = await give(slack, by=CLEO)
        for files in ([], [{"id": "F0NOSUCH"}], [{"id": theirs["file"]["id"]}], "F0"):
            report = await submit(slack, view, files)
            assert report["errors"] == {"list": "Please complete this required field."}


async def test_only_the_app_s_token_gets_what_a_file_holds() -> None:
    async with lab() as slack:
        file = (await give(slack, name="caf\u00e9 leads.csv"))["file"]
        for url in (file["url_private"], file["url_private_download"]):
            assert url.startswith(f"{slack.up.url}/files-pri/T0PRACTICE-{file['id']}/")
            for token in (
                "",
                "Bearer xoxb-practice-other",
                "Bearer xapp-practice-copydesk",
            ):
                async with slack.http.get(
                    url, headers={"Authorization": token}, allow_redirects=False
                ) as answer:
                    assert answer.status == 302
                    assert answer.headers["Location"].startswith("/?redir=")
            headers = {"Authorization": "Bearer xoxb-practice-copydesk"}
            async with slack.http.get(url, headers=headers) as answer:
                assert answer.content_type == "text/csv"
                assert await answer.read() == CSV


async def test_without_the_scope_nothing_is_handed_out() -> None:
    async with lab(scopes=("commands", "chat:write", "files:write")) as slack:
        file = (await give(slack))["file"]
        with pytest.raises(SlackApiError) as caught:
            await slack.slack.files_info(file=file["id"])
        assert caught.value.response["needed"] == "files:read"
        headers = {"Authorization": "Bearer xoxb-practice-copydesk"}
        async with slack.http.get(
            file["url_private"], headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 302


async def test_a_file_that_is_gone_or_not_there_is_not_found() -> None:
    async with lab() as slack:
        file = (await give(slack))["file"]
        del slack.up.workspace.world.files[file["id"]]
        with pytest.raises(SlackApiError) as caught:
            await slack.slack.files_info(file=file["id"])
        assert caught.value.response["error"] == "file_not_found"
        headers = {"Authorization": "Bearer xoxb-practice-copydesk"}
        async with slack.http.get(file["url_private"], headers=headers) as answer:
            assert answer.status == 404


async def test_only_the_page_gives_files_and_a_name_is_no_path() -> None:
    async with lab() as slack:
        url = f"{slack.up.url}/practice/upload?as={MARA}&name=crew.csv"
        async with slack.http.post(url, data=CSV) as answer:
            assert answer.status == 403
        assert (await give(slack, b""))["error"] == "file_empty"
        assert (await give(slack, by="U0NOBODY"))["error"] == "user_not_found"
        for name in ("../../etc/passwd.csv", "C:\\lists\\passwd.csv"):
            assert (await give(slack, name=name))["file"]["name"] == "passwd.csv"


async def test_files_outlive_a_restart(tmp_path: Any) -> None:
    async with lab(data_dir=tmp_path) as slack:
        file = (await give(slack))["file"]
    async with lab(data_dir=tmp_path) as slack:
        info = (await slack.slack.files_info(file=file["id"]))["file"]
        assert (info["user"], info["created"]) == (MARA, file["created"])
        headers = {"Authorization": "Bearer xoxb-practice-copydesk"}
        async with slack.http.get(info["url_private"], headers=headers) as answer:
            assert await answer.read() == CSV
