"""Why the police desk sends a call back, and what the call is then taken for. Codes are stored."""

from __future__ import annotations

from nlp.classification import Route

#: Code -> screen word; the last asks for own words.
REASONS: dict[str, str] = {
    "civil": "民事纠纷，无违法行为",
    "other_body": "属其他部门职责",
    "legal_question": "属法律咨询",
    "checked": "已核实，无警情无危险",
    "repeat": "同一警情已在处置",
    "other": "其他",
}

#: The class a reason speaks for; those without one go to the operators, who received the call first.
CLASSES: dict[str, Route] = {
    "civil": "dispute",
    "other_body": "non_police_help",
    "legal_question": "legal_consultation",
}
