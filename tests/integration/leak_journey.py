"""What people and lines do to a call, with planted words wherever words can be written (tests/planted.py)."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.test_run import Run
from tests.planted import NAME, NUMBER, PLANTED

ROLES = ("line", "operator", "lawyer", "mediator", "department", "manager", "second_manager", "admin")
#: What else is put into a search box or an address than words of a call.
SPAN = "from=2026-11-01&to=2026-12-01"


class Journey:
    """The journey's requests, by role."""

    def __init__(self, service: Run, tokens: dict[str, str]) -> None:
        self.service = service
        self.tokens = tokens
        self.said = b""

    def ask(self, role: str, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """One request; the body of the answer."""
        self.service.token = self.tokens[role]
        found, answer = self.service.request(method, path, body)
        assert found == status, (path, found, answer)
        return answer

    def raw(self, path: str, data: bytes | None = None, role: str = "line") -> tuple[int, bytes]:
        """A request with a body as it stands."""
        line = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"}
        line.request("POST" if data else "GET", f"/api/v1{path}", data, headers)
        answer = line.getresponse()
        return answer.status, answer.read()

    def call(self, name: str, **fields: Any) -> int:
        """A live call with planted words, read and proposed; its id."""
        return self.read(self.post(name, **fields))

    def read(self, call_id: int) -> int:
        """Wait until the call is read."""
        self.service.until(lambda: self.ask("manager", "GET", f"/calls/{call_id}")["decision"])
        return call_id

    def post(self, name: str, **fields: Any) -> int:
        """A live call with planted words; its id."""
        record = {
            "line": "12348",
            "external_id": name,
            "received_at": "2026-11-20T08:00:00+08:00",
            "caller_number": NUMBER,
            "caller_name": NAME,
            "transcript": [{"speaker": "来电人", "text": PLANTED["transcript"], "seq": 1}],
            "address": PLANTED["address"],
            "source": {"remark": PLANTED["source"], "phone": NUMBER},
            "live": True,
            **fields,
        }
        (taken,) = self.ask("line", "POST", "/calls", [record], status=202)["accepted"]
        return int(taken["call_id"])

    def work(self) -> int:
        """Forwards, claims, notes, answers, returns, errors; the id of a call to be broken."""
        talk = self.call("LEAK-1")
        self.ask("operator", "POST", f"/calls/{talk}/hold")
        more = [{"speaker": "来电人", "text": PLANTED["segment"], "seq": 2}]
        self.ask("line", "POST", f"/calls/{talk}/segments", more)
        self.ask(
            "operator",
            "POST",
            f"/calls/{talk}/choice",
            {"choice": "message", "message": PLANTED["message"]},
            status=201,
        )
        order = {"destination": "lawyers", "reason": PLANTED["reason"]}
        proposed = self.ask("manager", "GET", f"/calls/{talk}")["decision"]["destination"]
        if proposed == "lawyers":
            order = {"destination": "mediators", "reason": PLANTED["reason"], "consent": True}
            self.ask("operator", "POST", f"/calls/{talk}/forward", order)
            order = {"destination": "lawyers", "reason": PLANTED["reason"]}
        self.ask("operator", "POST", f"/calls/{talk}/forward", order)
        taken = self.service.until(self.claimed)["assignment_id"]
        self.ask("lawyer", "PUT", f"/assignments/{taken}/notes", {"notes": PLANTED["notes"]})
        outcome = {name: PLANTED[name] for name in ("disposition", "notes", "summary")}
        self.ask("lawyer", "POST", f"/assignments/{taken}/complete", outcome)

        answered = self.call("LEAK-2")
        self.ask(
            "operator",
            "POST",
            f"/calls/{answered}/answer",
            {"answer": PLANTED["answer"], "no_article_reason": PLANTED["no article"]},
        )
        form = {"route": "dispute", "region": "", "disposition": PLANTED["wrap-up"], "summary": PLANTED["wrapped up"]}
        self.ask("operator", "PUT", f"/calls/{answered}/wrap-up", form)

        back = self.call("LEAK-3")
        order = {"mode": "ticket", "destination": "departments", "reason": PLANTED["reason"]}
        transfer = self.ask("operator", "POST", f"/calls/{back}/forward", order)["id"]
        reason = {"reason": PLANTED["return reason"]}
        self.ask("department", "POST", f"/transfers/{transfer}/return", reason)
        self.hand_over(back)
        self.mediate(self.call("LEAK-5", line="12345"))
        self.look_up(back)
        self.export()
        told = self.ask("manager", "GET", f"/calls/{back}")["timeline"]
        assert [entry["detail"]["reason"] for entry in told if entry["action"] == "returned"] == [reason["reason"]]
        return answered

    def hand_over(self, call_id: int) -> None:
        """A handover with notes, and a notice."""
        handover = self.ask("manager", "POST", "/handovers", {"note": PLANTED["handover note"]}, status=201)["id"]
        note = {"note": PLANTED["matter's note"]}
        self.ask("manager", "PUT", f"/handovers/{handover}/items/duty/{call_id}/note", note)
        span = {"starts_at": "2035-01-01T00:00:00+08:00", "ends_at": "2035-01-02T00:00:00+08:00"}
        notice = {"body": PLANTED["notice"], "roles": ["operator"], **span}
        self.ask("manager", "POST", "/notices", notice, status=201)

    def mediate(self, call_id: int) -> None:
        """A case from acceptance to appraisal, with what is written down on the way."""
        order = {"destination": "mediators", "reason": PLANTED["reason"], "consent": True}
        self.ask("operator", "POST", f"/calls/{call_id}/hold")
        self.ask("operator", "POST", f"/calls/{call_id}/forward", order)
        self.ask("mediator", "PUT", f"/calls/{call_id}/counterparty", {"name": PLANTED["counterparty"]})
        rules = {"other_number": PLANTED["another number"], "note": PLANTED["contact rules"]}
        self.ask("mediator", "PUT", f"/calls/{call_id}/contact-rules", rules)
        item = self.ask("manager", "GET", f"/calls/{call_id}")["queue_item"]["id"]
        case = self.ask("mediator", "POST", f"/items/{item}/mediate", {}, status=201)["undertaking_id"]
        soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        step = {"kind": "session", "due_at": soon, "note": PLANTED["step"]}
        step_id = self.ask("mediator", "POST", f"/undertakings/{case}/steps", step, status=201)["step_id"]
        self.ask("mediator", "POST", f"/steps/{step_id}/done", {"result": PLANTED["step's result"]})
        end = {"outcome": "agreed", "text": PLANTED["agreement"]}
        self.ask("mediator", "POST", f"/undertakings/{case}/end", end)
        appraisal = {"appraisal": "unsatisfied", "words": PLANTED["appraisal"]}
        self.ask("operator", "POST", f"/undertakings/{case}/appraise", appraisal)

    def look_up(self, call_id: int) -> None:
        """What opens personal data: its number, a person, words, the timeline, articles that fit the words."""
        why = {"reason": "other", "note": PLANTED["look's reason"]}
        shown = self.ask(
            "manager", "POST", f"/calls/{call_id}/unmask", {"fields": ["caller_number", "caller_name"], **why}
        )
        assert NUMBER in json.dumps(shown)
        for wanted in (NUMBER, NAME, PLANTED["transcript"]):
            self.ask("manager", "POST", "/search", {"q": wanted, **why})
        entry = self.ask("manager", "GET", f"/calls/{call_id}")["caller_timeline"][0]["entry"]
        self.ask("manager", "POST", f"/calls/{call_id}/timeline", {"entry": entry, **why})
        query = "".join(f"%{byte:02X}" for byte in PLANTED["bad query"].encode())
        assert self.raw(f"/calls/{call_id}/articles?q={query}", role="operator")[0] == 200

    def export(self) -> None:
        """Every call in clear, asked for by one manager, agreed to by another, fetched."""
        body = {"what": "calls", "form": "csv", "query": SPAN, "unmasked": True, "reason": "other"}
        made = self.ask("manager", "POST", "/exports", body | {"note": PLANTED["look's reason"]}, status=202)["id"]
        self.ask("second_manager", "POST", f"/exports/{made}/approve")

        def fetched() -> bool:
            status, content = self.raw(f"/exports/{made}/file", role="manager")
            return status == 200 and NUMBER.encode() in content

        self.service.until(fetched)

    def fail(self) -> None:
        """A mistake of our own while words are in hand: the sender is told nothing of it, the log its place."""
        body = {"title": PLANTED["snippet"], "body": PLANTED["snippet"], "shared": True}
        self.ask("lawyer", "POST", "/snippets", body, status=500)

    def claimed(self) -> Any:
        """What the lawyer takes; None while a round of the worker has the item locked."""
        self.service.token = self.tokens["lawyer"]
        status, answer = self.service.request("POST", "/queues/lawyers/claim")
        assert status in (200, 204), answer
        return answer

    def err(self) -> None:
        """Requests with planted words that are refused."""
        broken = ('{"line": "12348", "transcript": "' + PLANTED["bad json"]).encode()
        assert self.raw("/calls", broken)[0] == 400
        bad = {"line": "12348", "external_id": "LEAK-4", "received_at": PLANTED["bad field"], "caller_number": NUMBER}
        assert self.ask("line", "POST", "/calls", [bad], status=202)["rejected"]
        self.ask("operator", "POST", "/calls/99999/answer", {"answer": PLANTED["answer"]}, status=404)
        self.ask("operator", "POST", "/calls/1/answer", {"answer": PLANTED["answer"] * 400}, status=422)
        query = "".join(f"%{byte:02X}" for byte in PLANTED["bad query"].encode())
        assert self.raw(f"/calls?line={query}", role="manager")[0] == 200
        assert self.raw(f"/calls?from={query}", role="manager")[0] == 422

    def listen(self) -> bytes:
        """The event stream from its beginning, until it has told of the end of the journey."""
        line = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.tokens['manager']}", "Last-Event-ID": "0-0"}
        line.request("GET", "/api/v1/events", headers=headers)
        answer, said = line.getresponse(), b""
        while said.count(b"call_completed") < 2 or b"transfer_returned" not in said:
            said += answer.read1()
        line.close()
        return said
