"""Requests to a deployment's API by those who run it, with the project's secret key."""

from __future__ import annotations

from typing import Any

import httpx

from cliprow.remote.api import Api, checked
from cliprow.remote.credentials import Credentials


class OperatorApi(Api):
    """One deployment's API, asked as its operator.

    Args:
        key: the project's secret key; sent with each request, and kept nowhere.
    """

    def __init__(self, url: str, credentials: Credentials, key: str) -> None:
        super().__init__(url, credentials)
        self._key = key

    def token(self) -> str:
        """The key."""
        return self._key

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        headers = request.pop("headers", {}) | {"Authorization": f"Bearer {self._key}"}
        answer: httpx.Response = self.send(method, path, headers=headers, **request)
        return checked(answer)
