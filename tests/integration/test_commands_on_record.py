"""What is done by the command line stands in the audit log with who sat at the machine, never with nobody."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from hotline.audit import machine
from hotline.audit.machine import at_the_machine
from hotline.cli import command_line
from tests.service_fixtures import CallMaker, RunningService

NUMBER = "13612340099"
WHY = ["--reason", "来函第九号"]
#: Command, the act it leaves on record.
COMMANDS: list[tuple[list[str], str]] = [
    (["user", "add", "song", "--role", "lawyer"], "user_added"),
    (["user", "reset-password", "song"], "password_reset"),
    (["user", "unlock", "song"], "user_unlocked"),
    (["user", "reset-second-factor", "song"], "second_factor_reset"),
    (["user", "disable", "song"], "user_disabled"),
    (["user", "enable", "song"], "user_enabled"),
    (["token", "create", "--role", "line"], "token_created"),
    (["hold", "place", "--call", "{call}", *WHY], "hold_placed"),
    (["hold", "release", "{hold}"], "hold_released"),
    (["person", "export", NUMBER, *WHY], "person_exported"),
    (["person", "correct", NUMBER, "--name", "王小明", *WHY], "person_corrected"),
    (["import", "--line", "110", "--no-triage", "{file}"], "calls_imported"),
    (["rejects", "show", "{rejects}"], "rejects_opened"),
    (["labels", "export", "{labels}"], "labels_exported"),
    (["audit", "verify"], "audit_verified"),
    (["audit", "show", "1"], "audit_entry_read"),
    (["keys", "rotate"], "keys_rotated"),
    (["keys", "retire", "1"], "key_retired"),
]


async def test_every_act_by_the_command_line_names_who_sat_there(
    service: RunningService, call: CallMaker, settings: Settings, tmp_path: Path
) -> None:
    [stored] = (await service.post_calls(call("路灯坏了", caller_number=NUMBER)))["accepted"]
    rows = [
        {"external_id": "A1", "received_at": "2026-09-01 08:00:00", "transcript": "楼上一直漏水"},
        {"external_id": "A2", "received_at": "没有时间", "transcript": "楼上一直漏水"},
    ]
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    environment = {
        "HOTLINE_STATE_DIR": str(settings.state_dir),
        "HOTLINE_DATABASE_URL": service.database_url,
        "HOTLINE_REDIS_URL": service.redis_url,
        "HOTLINE_SECRET_KEY_FILE": str(settings.secret_key_file),
    }
    names = {"call": str(stored["call_id"]), "file": str(file), "labels": str(tmp_path / "rows.jsonl")}
    wanted = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    for command, action in COMMANDS:
        if command[1] == "retire":
            await asyncio.to_thread(Path(names["rejects"]).unlink)
        said = [part.format(**names) for part in command]
        answer = await asyncio.to_thread(CliRunner().invoke, command_line(), said, env=environment)
        assert answer.exit_code in (0, 3), (said, answer.output, answer.exception)
        if command[:2] == ["hold", "place"]:
            names["hold"] = answer.stdout.strip().splitlines()[-1]
        if command[0] == "import":
            names["rejects"] = json.loads(answer.stdout.strip().splitlines()[-1])["reject_files"][0]
        async with service.pool.acquire() as connection:
            row = await connection.fetchrow("select * from audit_entries where action = $1 order by id desc", action)
        assert row is not None, said
        assert (row["user_id"], row["role"].split(":")[:2]) == (None, wanted.split(":")), said


def test_only_root_is_believed_about_who_called_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    person: Any = pwd.struct_passwd(("clerk", "x", 1000, 1000, "", "/", "/bin/sh"))
    monkeypatch.setattr(machine.pwd, "getpwuid", lambda uid: person)
    monkeypatch.setenv("SUDO_USER", "somebody")
    monkeypatch.setattr(machine.os, "getuid", lambda: 1000)
    assert at_the_machine().role == "cli:clerk"
    monkeypatch.setattr(machine.os, "getuid", lambda: 0)
    assert at_the_machine().role == "cli:clerk:somebody"
    monkeypatch.setenv("SUDO_USER", "a b\n")
    assert at_the_machine().role == "cli:clerk"
