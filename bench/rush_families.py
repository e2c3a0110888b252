"""What each family does in the opening rush, for a generator that drives many of them at once.

The generator hands over its `rush` module; the families, signed in beforehand, stand in the file that the option
`families` names (bench/rush.py writes it).
"""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rush import CONFLICT, DONE, Failed, Scenario  # type: ignore[attr-defined]  # the generator's, not that of the tests

TRIES = 5
_INPUT = re.compile(r"<input ([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)(?:="([^"]*)")?')
_HEADERS = {"Sec-Fetch-Site": "same-origin"}


class Families(Scenario):  # type: ignore[misc]  # has no types
    """A family loads the page of times, takes the plan that is proposed, and confirms its three appointments."""

    async def start(self, _clients: int) -> None:
        self.families = json.loads(Path(self.options["families"]).read_text())
        self.lost = self.short = 0

    async def prepare(self, client: Any) -> None:
        client.state = self.families[client.number]
        client.session.cookie_jar.update_cookies({"confab": client.state["cookie"]})

    async def step(self, client: Any) -> str:
        base, picks = client.state["base"], client.state["picks"]
        page = await client.get(f"{base}/times?{urlencode([('pick', pick) for pick in picks])}", "times")
        for _ in range(TRIES):
            check = await self._hold(client, page.expect(200, 409))
            fields = _fields(check.text)
            confirmed = await client.post(f"{base}/book", "confirm", data=fields, headers=_HEADERS)
            if confirmed.expect(303, 409).status == 303:
                self.short += sum(name == "pick" for name, _ in fields) < len(picks)
                return str(DONE)
            page = confirmed
        return str(CONFLICT)

    async def _hold(self, client: Any, page: Any) -> Any:
        """On to the last step; where a time was lost, with the next best."""
        for _ in range(TRIES):
            data = _fields(page.text)
            page = await client.post(f"{client.state['base']}/times", "take the plan", data=data, headers=_HEADERS)
            if page.expect(303, 409).status == 303:
                return (await client.get(page.location, "check")).expect(200)
            self.lost += 1
        raise Failed("each time was lost")

    async def audit(self) -> str:
        return f"{self.lost} times a plan lost a time and went on with the next best; {self.short} met fewer teachers"


def _fields(page: str) -> list[tuple[str, str]]:
    """What a browser would send with the page's own form."""
    form = page.partition('<form id="f"')[2].partition("</form>")[0]
    found = []
    for written in _INPUT.findall(form):
        values = dict(_ATTRIBUTE.findall(written))
        is_ticked = values.get("type") != "radio" or "checked" in values
        if "name" in values and is_ticked and "disabled" not in values:
            found.append((values["name"], unescape(values["value"])))
    return found
