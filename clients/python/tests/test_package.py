"""The package as users get it: its pages and what pip installs."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Server

import redfire

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_examples_run(page: str, server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    s = server()
    monkeypatch.setenv("REDFIRE_SERIES__URL", s.url)
    text = (ROOT / page).read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    assert len(examples) == 4
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, page, "exec"), names)
    df, latest, result = names["df"], names["latest"], names["result"]
    assert len(df) == 30 and len(latest) == 1 and result.new == 60  # type: ignore[arg-type, attr-defined]


def test_both_pages_show_the_same() -> None:
    def calls(page: str) -> list[str]:
        return re.findall(r"client\.\w+\(|^\| `\w+`|^## ", (ROOT / page).read_text(encoding="utf-8"), re.M)

    assert calls("README.md") == calls("README.zh.md")


def test_what_pip_installs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns("tests", ".*", "__pycache__"))
    to = tmp_path / "to"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", str(to), str(source)], check=True)
    assert sorted(p.name for p in (ROOT / "redfire").glob("*.py")) == sorted(p.name for p in (to / "redfire").glob("*.py"))
    assert (to / "redfire" / "py.typed").exists()
    (about,) = importlib.metadata.distributions(path=[str(to)])
    assert about.metadata["Name"] == "redfire-client"
    assert sorted(about.requires or [])[:2] == ["pandas>=2.2; extra == \"pandas\"", "polars>=1.0; extra == \"polars\""]


def test_pandas_and_polars_are_imported_only_when_asked_for(shared: Server) -> None:
    program = """
import sys
class Absent:  # as if they were not installed
    def find_spec(self, name, *_):
        if name in ("pandas", "polars"):
            raise ModuleNotFoundError("no " + name)
sys.meta_path.insert(0, Absent())
import redfire, pyarrow
c = redfire.Client(sys.argv[1])
c.symbols(output="arrow")
t = pyarrow.table({"time": ["2026-01-05T01:00:00Z"], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]})
assert c.write_bars(t, symbol="bare.SHFE", interval="1m", bar_time="start").new == 1
assert c.bars("bare.SHFE", "1m", output="arrow").num_rows == 1
try:
    c.bars("bare.SHFE", "1m")
except ImportError as e:
    print(e)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = subprocess.run([sys.executable, "-c", program, shared.url], check=True, capture_output=True, text=True, env=env)
    assert "pandas" in out.stdout


def test_what_is_promised_is_there() -> None:
    assert all(hasattr(redfire, name) for name in redfire.__all__)
    assert all(getattr(redfire.Client, name).__doc__ for name in dir(redfire.Client) if not name.startswith("_"))
