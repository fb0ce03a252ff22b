"""Cases in the API's table: acceptance, steps, objections, feedback; and the police desk's acts."""

from __future__ import annotations

from hotline.web.api import cases, police
from hotline.web.api_route import ApiRoute

_ID = r"{id:\d{1,18}}"
_ITEM, _UNDERTAKING, _CALL = f"/items/{_ID}", f"/undertakings/{_ID}", f"/police/calls/{_ID}"

CASES: tuple[ApiRoute, ...] = (
    ApiRoute("POST", f"{_ITEM}/mediate", cases.accept_for_mediation, "调解席受理", answers=(201, 404, 409)),
    ApiRoute("POST", f"{_ITEM}/undertake", cases.accept_for_department, "承办单位接单", answers=(201, 404, 409)),
    ApiRoute(
        "POST",
        f"{_ITEM}/object",
        cases.object_before,
        "接单前对派单提出异议",
        body=cases.ObjectionBody,
        answers=(201, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_ITEM}/return",
        cases.send_back_waiting,
        "调解员附理由退回待受理的纠纷",
        body=cases.ReturnBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("GET", _UNDERTAKING, cases.show, "一件承办：期限、步骤、异议、结果", answers=(200, 404)),
    ApiRoute("POST", f"{_UNDERTAKING}/take-over", cases.take_on_orphan, "接手无人承办的案件", answers=(200, 404, 409)),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/object",
        cases.object_after,
        "接单后对派单提出异议",
        body=cases.ObjectionBody,
        answers=(201, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/return",
        cases.send_back,
        "调解员附理由退回",
        body=cases.ReturnBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/steps",
        cases.plan_step,
        "安排下一步",
        body=cases.StepBody,
        answers=(201, 404, 409, 422),
    ),
    ApiRoute(
        "POST", f"/steps/{_ID}/done", cases.step_done, "登记一步的结果", body=cases.ResultBody, answers=(200, 404, 409)
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/end",
        cases.end_mediation,
        "调解结案：协议或告知",
        body=cases.FeedbackBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/reply",
        cases.reply,
        "承办单位答复",
        body=cases.FeedbackBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/extend",
        cases.put_off,
        "延期一次",
        body=cases.ExtensionBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "POST",
        f"{_UNDERTAKING}/appraise",
        cases.take_appraisal,
        "登记来电人评价",
        body=cases.AppraisalBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute(
        "GET", f"/objections/{_ID}/departments", cases.departments, "裁定可点名的承办单位", answers=(200, 403, 404)
    ),
    ApiRoute(
        "POST",
        f"/objections/{_ID}/decide",
        cases.rule,
        "裁定派单异议",
        body=cases.RulingBody,
        answers=(200, 404, 409, 422),
    ),
    ApiRoute("POST", f"{_CALL}/accept", police.accept, "警务台接警", answers=(200, 404, 409)),
    ApiRoute(
        "POST",
        f"{_CALL}/return",
        police.send_back,
        "警务台退回非警务来电",
        body=police.NoPoliceBody,
        answers=(200, 404, 409, 422),
    ),
)
