"""The launcher makes the environment when it is missing or old, and hands the command on."""

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

LAUNCHER = Path(__file__).parents[1] / "confab"
PYTHON = Path(sys.executable)
HERE = "{}.{}".format(*sys.version_info)
"""Its version."""


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The file without a suffix as a module, in a home of its own with two lock files."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = spec_from_loader("confab_launcher", SourceFileLoader("confab_launcher", str(LAUNCHER)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text(f"packages of {name}")
    monkeypatch.setattr(module, "HOME", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / "venv")
    return module


def test_an_environment_is_good_for_what_it_was_made_from(launcher: ModuleType, tmp_path: Path) -> None:
    stamp, lock, dev = tmp_path / "stamp", tmp_path / "requirements.lock", tmp_path / "requirements-dev.lock"

    missing = launcher.is_installed(PYTHON, stamp, lock)
    stamp.write_text(f"{HERE} {launcher.digest(lock)}")
    with_lock = launcher.is_installed(PYTHON, stamp, lock), launcher.is_installed(PYTHON, stamp, dev)
    stamp.write_text(f"{HERE} {launcher.digest(dev)}")
    with_dev = launcher.is_installed(PYTHON, stamp, lock), launcher.is_installed(PYTHON, stamp, dev)

    assert missing is False
    assert with_lock == (True, False)
    assert with_dev == (True, True)


def test_a_changed_lock_file_makes_the_environment_old(launcher: ModuleType, tmp_path: Path) -> None:
    stamp, lock, dev = tmp_path / "stamp", tmp_path / "requirements.lock", tmp_path / "requirements-dev.lock"
    stamp.write_text(f"{HERE} {launcher.digest(dev)}")

    dev.write_text("newer packages")

    assert not launcher.is_installed(PYTHON, stamp, lock)
    assert not launcher.is_installed(PYTHON, stamp, dev)


def test_another_python_behind_the_name_makes_the_environment_old(launcher: ModuleType, tmp_path: Path) -> None:
    stamp, lock = tmp_path / "stamp", tmp_path / "requirements.lock"
    stamp.write_text(f"3.10 {launcher.digest(lock)}")

    upgraded = launcher.is_installed(PYTHON, stamp, lock)
    removed = launcher.is_installed(tmp_path / "no-python", stamp, lock)

    assert (upgraded, removed) == (False, False)


@pytest.mark.parametrize("left", ["without_pip", "of_a_python_that_is_gone"])
def test_an_environment_that_cannot_install_is_made_anew(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: str
) -> None:
    """Debian's venv makes its python, and then fails for want of python3-venv."""
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    if left == "of_a_python_that_is_gone":
        python.unlink()
        python.symlink_to(tmp_path / "no-python")
    commands: list[list[str]] = []
    monkeypatch.setattr(launcher, "run", lambda command, **_: commands.append(command))

    launcher.install(python, tmp_path / "requirements.lock", venv / "confab.stamp")

    assert commands[0] == [sys.executable, "-m", "venv", "--clear", str(venv)]
    assert commands[1][:4] == [str(python), "-m", "pip", "install"]


def test_a_folder_that_is_no_environment_is_not_cleared(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(launcher, "run", lambda command, **_: commands.append(command))
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "somebody's work").touch()

    launcher.make_environment()

    assert commands == [[sys.executable, "-m", "venv", str(tmp_path / "venv")]]


def test_the_python_that_runs_the_launcher_is_taken_if_it_is_new_enough(launcher: ModuleType) -> None:
    assert launcher.suitable_python() == sys.executable


def test_an_old_python_looks_for_a_newer_one(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _script(tmp_path / "old", "exit 1")
    _script(tmp_path / "python3.12", "exit 0")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert launcher.suitable_python() == "python3.12"


def test_without_any_it_says_what_to_get(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        launcher.suitable_python()


def test_a_step_that_fails_is_named_and_leaves_no_stamp(launcher: ModuleType, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    _script(python, 'test "$3" = --version')

    with pytest.raises(SystemExit, match=r"This step failed: .*pip install"):
        launcher.install(python, tmp_path / "requirements.lock", tmp_path / "stamp")

    assert not (tmp_path / "stamp").exists()


def test_a_command_goes_to_the_environment_and_only_its_words_to_stdout(launcher: ModuleType, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    _script(python, f'exec "{sys.executable}" "$@"')
    (tmp_path / "venv" / "confab.stamp").write_text(f"{HERE} {launcher.digest(LAUNCHER.parent / 'requirements.lock')}")
    environment = {**os.environ, "CONFAB_VENV": str(tmp_path / "venv")}

    ended = subprocess.run(
        [sys.executable, LAUNCHER, "new-key"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.strip()) == 64


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
