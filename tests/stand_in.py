"""Ask a stand-in what it holds and steer it, by the JSON under /control that all of them have."""

from typing import Any

import requests


class StandIn:
    """At `url`."""

    url: str

    def calls(self, operation: str) -> list[dict[str, Any]]:
        return [call for call in self.state()["calls"] if call["operation"] == operation]

    def plan(self, operation: str, kind: str, **values: Any) -> None:
        self.control("answers", operation=operation, kind=kind, **values)

    def state(self) -> dict[str, Any]:
        return self._json(requests.get(f"{self.url}/control/state", timeout=5))

    def control(self, what: str, *, method: str = "POST", **values: Any) -> dict[str, Any]:
        return self._json(requests.request(method, f"{self.url}/control/{what}", json=values, timeout=5))

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        content = answer.json()
        assert isinstance(content, dict)
        return content
