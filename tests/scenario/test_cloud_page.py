"""docs/cloud.md: its scenario plays as it is written."""

import re
from pathlib import Path

from tests.scenario.playing import play_text

TEXT = (Path(__file__).parents[2] / "docs" / "cloud.md").read_text(encoding="utf-8")


async def test_the_scenario(tmp_path: Path) -> None:
    (scenario,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    await play_text(tmp_path, scenario)
