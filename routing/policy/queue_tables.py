"""Reads ``[queues.*]``, ``[agencies.*]`` and ``[roles]`` of a policy text and its preset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from routing.policy.decision import DESTINATIONS, Destination
from routing.policy.facts import INTAKES, Intake
from routing.policy.sections import Section
from routing.policy.settings import NIGHT_OPTIONS, Agency, NightOption, QueueSettings
from routing.queues.strategies import STRATEGIES, Strategy

#: The roles of CONTRACT.md that may serve queues.
ROLES = ("operator", "lawyer", "mediator", "police", "department", "manager", "admin")

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_PHONE = re.compile(r"\+?[0-9][0-9 \-]{1,19}")


def read_queues(layers: Sequence[Section]) -> dict[str, QueueSettings]:
    """The queues in the order of the file; a later layer changes single keys or adds queues."""
    queues: dict[str, QueueSettings] = {}
    origin: dict[str, Section] = {}
    for layer in layers:
        for name in layer.names():
            section = layer.section(name)
            if not _NAME.fullmatch(name):
                section.problem("", f"{name!r} 不能作队列名；只用小写字母、数字和 _")
            queues[name] = _queue(section, queues.get(name) or _blank(name), new=name not in queues)
            origin.setdefault(name, section)
            if "fallback" in section:
                origin[name] = section
    for name, queue in queues.items():
        _check_fallback(origin[name], queue, queues)
    return queues


def _blank(name: str) -> QueueSettings:
    """What a queue is where its table says nothing."""
    return QueueSettings(
        name=name,
        destination="operators",
        label=name,
        fallback=(),
        fallback_for=frozenset(INTAKES),
        phone=None,
        strategy="longest-idle-agent",
        ring_timeout_s=20,
        lease_s=90,
        wrap_up_s=30,
        wrap_up_extension_s=60,
        tier_wait_s=30,
        tier_no_agent_no_wait=True,
        fair_limit=None,
        no_answer_penalty_s=30,
        refuse_penalty_s=60,
        pause_after_no_answers=3,
        service_level_s=15,
        ticket_receipt_limit_h=48,
        night_options=NIGHT_OPTIONS,
        callback_hours=(9, 18),
        callback_reserve_s=900,
        expected_service_s=600,
    )


def _queue(section: Section, base: QueueSettings, *, new: bool) -> QueueSettings:
    if new and "destination" not in section:
        section.problem("", f"缺少 destination；可用：{'、'.join(DESTINATIONS)}")
    phone = section.text("phone") or base.phone
    if phone is not None and not _PHONE.fullmatch(phone):
        section.problem("phone", f"现为 {phone!r}；应为引号里的拨号号码，只含数字")
    queue = replace(
        base,
        destination=cast(Destination, section.choice("destination", DESTINATIONS, base.destination)),
        label=section.text("label", base.label, required=new),
        fallback=section.words("fallback") if "fallback" in section else base.fallback,
        fallback_for=_intakes(section) if "fallback_for" in section else base.fallback_for,
        phone=phone,
        strategy=cast(Strategy, section.choice("strategy", STRATEGIES, base.strategy)),
        ring_timeout_s=section.whole("ring_timeout_s", base.ring_timeout_s, low=5, high=600),
        lease_s=section.whole("lease_s", base.lease_s, low=15, high=3600),
        wrap_up_s=section.whole("wrap_up_s", base.wrap_up_s, low=0, high=3600),
        wrap_up_extension_s=section.whole("wrap_up_extension_s", base.wrap_up_extension_s, low=0, high=3600),
        tier_wait_s=section.whole("tier_wait_s", base.tier_wait_s, low=0, high=86_400),
        tier_no_agent_no_wait=section.flag("tier_no_agent_no_wait", base.tier_no_agent_no_wait),
        fair_limit=section.whole("fair_limit", 1, low=1, high=1000) if "fair_limit" in section else base.fair_limit,
        no_answer_penalty_s=section.whole("no_answer_penalty_s", base.no_answer_penalty_s, low=0, high=3600),
        refuse_penalty_s=section.whole("refuse_penalty_s", base.refuse_penalty_s, low=0, high=3600),
        pause_after_no_answers=section.whole("pause_after_no_answers", base.pause_after_no_answers, low=0, high=100),
        service_level_s=section.whole("service_level_s", base.service_level_s, low=1, high=604_800),
        ticket_receipt_limit_h=section.whole("ticket_receipt_limit_h", base.ticket_receipt_limit_h, low=1, high=1000),
        night_options=_night_options(section) if "night_options" in section else base.night_options,
        callback_hours=_callback_hours(section, base.callback_hours),
        callback_reserve_s=section.whole("callback_reserve_s", base.callback_reserve_s, low=0, high=86_400),
        expected_service_s=section.whole("expected_service_s", base.expected_service_s, low=10, high=86_400),
    )
    section.finish()
    return queue


def _intakes(section: Section) -> frozenset[Intake]:
    return frozenset(cast(tuple[Intake, ...], section.words("fallback_for", INTAKES)))


def _night_options(section: Section) -> tuple[NightOption, ...]:
    return cast(tuple[NightOption, ...], section.words("night_options", NIGHT_OPTIONS))


def _callback_hours(section: Section, default: tuple[int, int]) -> tuple[int, int]:
    if "callback_hours" not in section:
        return default
    hours = section.wholes("callback_hours", low=0, high=24)
    if len(hours) != 2 or hours[0] >= hours[1]:
        section.problem("callback_hours", "应为同一天的两个整点 [从, 到]，如 [9, 18]")
        return default
    return hours[0], hours[1]


def _check_fallback(section: Section, queue: QueueSettings, queues: Mapping[str, QueueSettings]) -> None:
    for number, name in enumerate(queue.fallback):
        if name == queue.name:
            section.origin.problem((*section.path, "fallback", number), "队列不能以自己为后备")
        elif name not in queues:
            allowed = "、".join(other for other in queues if other != queue.name)
            section.origin.problem((*section.path, "fallback", number), f"没有队列 {name!r}；可用：{allowed}")


def read_agencies(layers: Sequence[Section]) -> dict[str, Agency]:
    """Whom to bring in from outside, by key; a later layer changes single keys or adds agencies."""
    agencies: dict[str, Agency] = {}
    for layer in layers:
        for key in layer.names():
            section = layer.section(key)
            before = agencies.get(key)
            label = section.text("label", before.label if before else key, required=before is None)
            phone = section.text("phone") or (before.phone if before else None)
            if phone is not None and not _PHONE.fullmatch(phone):
                section.problem("phone", f"现为 {phone!r}；应为引号里的拨号号码，只含数字")
            if not _NAME.fullmatch(key) or key in DESTINATIONS or key == "own":
                section.problem("", f"{key!r} 不能作机构代号；只用小写字母、数字和 _")
            section.finish()
            agencies[key] = Agency(key, label, phone)
    return agencies


def read_roles(layers: Sequence[Section], queues: Mapping[str, QueueSettings]) -> dict[str, tuple[str, ...]]:
    """Which queues each role may serve."""
    roles: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        for role in ROLES:
            if role in layer:
                roles[role] = layer.words(role, queues)
        layer.finish()
    return roles
