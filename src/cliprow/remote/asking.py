"""Questions put to a deployment's REST API."""

from __future__ import annotations

from typing import Any, cast

from cliprow.asking import Question
from cliprow.remote.api import Api


def ask_api(api: Api, question: Question) -> Any:
    """The answer of a deployment, as who is signed in there; of a list all its rows.

    Raises:
        CliprowError: as the API says, or it does not answer.
    """
    if question.method != "GET":
        return api.ask(question.method, question.path, question.body)
    found = cast(dict[str, Any], api.get(question.path, **question.parameters))
    if "next_cursor" not in found:
        return found
    rows = found["items"]
    while found["next_cursor"] is not None and (question.most is None or len(rows) < question.most):
        found = api.get(question.path, **question.parameters, cursor=found["next_cursor"])
        rows += found["items"]
    return rows[: question.most]
