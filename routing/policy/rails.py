"""Safety rails: rules in code that no policy can switch off.

They run after the policy's rules and change what those settled. docs/policy.md
lists them for administrators; the letters are the same there.

a. On 110, ``invalid``, silence and veiled talk are never closed by machine: review.
b. Talk time without text is a failed transcription: review, never invalid.
c. A call with danger is never closed and never only for mediators.
d. Violence or control between the parties never yields mediation, lead or joint.
e. Below the confidence bar, or where the reader abstains, a person decides; danger from
   the policy's level on (level 2 always) does not wait for that.
f. Self-harm: no blind transfer, and 12356 is brought in.
g. Only ``invalid`` is ever closed by machine, only from the bar for closing on, and never
   while somebody is on the line.
h. Danger happening now is queued at once, whatever mode a rule names.
"""

from __future__ import annotations

from routing.policy.conditions import Circumstances
from routing.policy.draft import Draft
from routing.policy.reasons import cue_words, danger_words, quoted
from routing.policy.settings import Policy

#: The line on which no silence and no veiled talk is closed by machine.
EMERGENCY_LINE = "110"
#: Danger between people that bars mediation, beside the cue ``violence_or_control``.
VIOLENT_KINDS = frozenset({"violence", "weapon", "captivity", "sexual_violence"})
VIOLENCE_CUE = "violence_or_control"
SELF_HARM = "self_harm"
#: The agency for psychological help, beside police in self-harm calls.
SELF_HARM_AGENCY = "12356"
_UNSAID_CUES = frozenset({"silence", "veiled_call"})


def apply_rails(made: Draft, at: Circumstances, policy: Policy) -> None:
    """Change the draft so that every rail holds. The first clears what a class read out of nothing asked for."""
    _failed_transcription(made, at, policy)
    _no_mediation_under_violence(made, at, policy)
    _danger_stays_open(made, at, policy)
    _self_harm(made, at)
    _only_sure_invalid_closes(made, at, policy)
    _unsure_goes_to_a_person(made, at, policy)
    _unsaid_on_emergency_line(made, at)
    _danger_now_is_not_held_back(made, at)


def bars_mediation(at: Circumstances) -> bool:
    """Whether there is violence or control in the call (rail d)."""
    return VIOLENCE_CUE in at.cues or not VIOLENT_KINDS.isdisjoint(at.kinds)


def transcription_failed(at: Circumstances, policy: Policy) -> bool:
    """Whether somebody talked and nothing was written down (rail b)."""
    talk = at.facts.talk_time_s
    return at.facts.text_length == 0 and talk is not None and talk >= policy.bars.min_talk_s


def _no_mediation_under_violence(made: Draft, at: Circumstances, policy: Policy) -> None:
    if not bars_mediation(at):
        return
    heard = quoted(cue_words(at, frozenset({VIOLENCE_CUE})) + danger_words(at, VIOLENT_KINDS))
    if "mediators" in made.joint:
        made.joint.remove("mediators")
    if made.destination == "mediators":
        made.send_to(policy, policy.danger_queue if at.level else policy.violence_queue)
        made.rule = "rail:violence"
        made.reasons.append(f"说到{heard}，当事人之间有暴力或控制，不作调解" if heard else "有暴力或控制，不作调解")


def _danger_stays_open(made: Draft, at: Circumstances, policy: Policy) -> None:
    if at.level == 0:
        return
    if made.close_reason is not None:
        made.send_to(policy, policy.danger_queue)
        made.rule = "rail:danger"
        made.keep_open(f"说到{quoted(danger_words(at))}，有危险，不得结案" if at.kinds else "有危险，不得结案")
    elif made.destination == "mediators":
        made.send_to(policy, policy.danger_queue)
        made.rule = "rail:danger"
        made.add_joint("mediators")
        made.reasons.append("有危险，先由民警处置，调解随后")


def _self_harm(made: Draft, at: Circumstances) -> None:
    if SELF_HARM not in at.kinds:
        return
    if "blind" not in made.forbid:
        made.forbid.append("blind")
    made.add_joint(SELF_HARM_AGENCY)
    heard = quoted(danger_words(at, frozenset({SELF_HARM})))
    made.reasons.append(f"说到{heard}，有自伤危险，不得直转，同时联系心理援助")
    made.keep_open("有自伤危险，不得结案")


def _only_sure_invalid_closes(made: Draft, at: Circumstances, policy: Policy) -> None:
    if made.close_reason is None:
        return
    reading = at.facts.classification
    if reading.route != "invalid":
        made.keep_open("只有无效来电可由系统结案，请人工确认")
    elif not reading.confidence >= policy.bars.close_confidence:
        made.keep_open("可能是无效来电，把握不足以结案，请人工确认")
    elif at.facts.live:
        made.keep_open("可能是无效来电，来电人仍在线，由话务员确认")
        made.mode = "propose"


def _unsure_goes_to_a_person(made: Draft, at: Circumstances, policy: Policy) -> None:
    reading = at.facts.classification
    bar = policy.bars.confidence_by_class.get(reading.route, policy.bars.confidence)
    sure = reading.confidence >= bar and not reading.review
    if sure or at.level >= policy.bars.danger_auto_level:
        return
    why = f"研判把握只有{reading.confidence * 100:.0f}%" if reading.confidence < bar else "研判没有把握"
    made.ask_person(f"{why}，请人工判断")


def _unsaid_on_emergency_line(made: Draft, at: Circumstances) -> None:
    if at.facts.line != EMERGENCY_LINE:
        return
    unsaid = at.cues & _UNSAID_CUES
    if at.facts.classification.route != "invalid" and not unsaid:
        return
    if "veiled_call" in unsaid:
        heard = quoted(cue_words(at, frozenset({"veiled_call"})))
        made.ask_person(f"110来电说到{heard}，可能不便明说，须由人判断" if heard else "110来电可能不便明说，须由人判断")
    elif "silence" in unsaid:
        made.ask_person("110来电无声或挂断，须由人判断，不得自动结案")
    else:
        made.ask_person("110来电疑似无效，须由人判断，不得自动结案")


def _failed_transcription(made: Draft, at: Circumstances, policy: Policy) -> None:
    if not transcription_failed(at, policy):
        return
    talk = at.facts.talk_time_s or 0
    if at.level == 0:
        made.send_to(policy, "operators")
        made.joint.clear()
    made.rule = "rail:transcription"
    made.ask_person(f"通话{talk:.0f}秒却没有转写文字，转写失败，请听录音后判断")


def _danger_now_is_not_held_back(made: Draft, at: Circumstances) -> None:
    if at.level >= 2:
        made.mode = "auto"
