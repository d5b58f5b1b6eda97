"""The command line without Spark: arguments, messages, exit codes, and how little importing it loads."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from segspark.cli import _ACTIONS, main

JOBS = sorted((Path(__file__).parents[2] / "jobs").glob("*.py"))
PHASES = (
    *(
        "run",
        "demo",
        "ingest",
        "features",
        "train",
        "assign",
        "profile",
        "compare",
        "split",
        "stream",
        "segments",
        "audit",
    ),
    *("report", "views"),
)


def phase_of(job: Path) -> str:
    """A file that would be called as a module of Python's own has _job in its name besides."""
    return job.stem.removesuffix("_job")


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def exit_code_of(arguments: list[str]) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_every_phase_but_the_demo_has_its_job():
    assert {phase_of(job) for job in JOBS} == set(PHASES) - {"demo"}


def test_no_job_takes_the_place_of_a_module_of_python_s_own():
    # A job's folder is the first place where Python looks: jobs/profile.py would stand in for profile in cProfile.
    assert not {job.stem for job in JOBS} & sys.stdlib_module_names


def test_help_lists_every_phase(capsys, wide):
    assert exit_code_of(["--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert set(PHASES) <= set(listed)


@pytest.mark.parametrize("phase", [*sorted(set(PHASES) - {"segments"}), *(f"segments {action}" for action in _ACTIONS)])
def test_every_phase_explains_its_options(capsys, wide, phase):
    assert exit_code_of([*phase.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert all(option in out for option in ("--config FILE", "--as-of DATE", "--set SECTION.KEY=VALUE", "--verbose"))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_is_the_phase_that_its_file_is_named_after(capsys, monkeypatch, wide, job):
    monkeypatch.setattr(sys, "argv", [str(job), "--help"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(job), run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out.split()[2] == phase_of(job)  # usage: PROGRAM PHASE ...


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "PHASE"),
        (["fly"], "invalid choice: 'fly'"),
        (["run", "--as-of", "2018-01-01"], "--config"),
        (["run", "--config", "c.yaml"], "--as-of"),
        (["run", "--config", "c.yaml", "--as-of", "01/02/2018"], "'01/02/2018' is not a date such as 2018-01-01"),
        (["run", "--config", "c.yaml", "--as-of", "2018-02-30"], "'2018-02-30' is not a date such as 2018-01-01"),
        (["run", "--config", "c.yaml", "--as-of", "2018-01-01", "--what"], "--what"),
        (["report", "novel", "--config", "c.yaml", "--as-of", "2018-01-01"], "invalid choice: 'novel'"),
        (["segments"], "ACTION"),
        (["segments", "lose", "seg-1", "--config", "c.yaml"], "invalid choice: 'lose'"),
        (["segments", "approve", "--config", "c.yaml"], "SEGMENT_ID"),
        (["segments", "reject", "seg-1", "--config", "c.yaml"], "--reason"),
        (["segments", "rename", "seg-1", "--config", "c.yaml", "--name", "x"], "--reason"),
        (["segments", "define", "--config", "c.yaml", "--rule", "x", "--reason", "y"], "--name"),
        (["segments", "review", "seg-1", "--config", "c.yaml", "--at", "soon"], "'soon' is not a date"),
    ],
)
def test_wrong_arguments_exit_with_2_and_say_what_is_wrong(capsys, wide, arguments, said):
    assert exit_code_of(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_missing_configuration_exits_with_2_and_one_message(capsys, tmp_path):
    missing = tmp_path / "none.yaml"
    assert main(["run", "--config", str(missing), "--as-of", "2018-01-01"]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"bad input: {missing}: no such configuration file; give one with --config\n"
    assert captured.out == ""


def test_a_wrong_configuration_exits_with_2_and_lists_every_problem_without_a_trace(capsys, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("workspace: {root: lake}\ntimee: {}\nsources: {events: []}\n", encoding="utf-8")
    assert main(["ingest", "--config", str(path), "--as-of", "2018-01-01"]) == 2
    said = capsys.readouterr().err
    assert "timee: unknown key; did you mean 'time'?" in said
    assert "sources.events" in said
    assert "Traceback" not in said


def test_verbose_shows_the_trace(capsys, tmp_path):
    missing = str(tmp_path / "none.yaml")
    assert main(["run", "--config", missing, "--as-of", "2018-01-01", "--verbose"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_text_that_looks_like_markup_is_printed_as_it_is(capsys, tmp_path):
    missing = tmp_path / "[red]x[/red].yaml"
    assert main(["run", "--config", str(missing), "--as-of", "2018-01-01"]) == 2
    assert str(missing) in capsys.readouterr().err


def test_a_bad_override_exits_with_2(capsys, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("workspace: {root: lake}\n", encoding="utf-8")
    assert main(["run", "--config", str(path), "--as-of", "2018-01-01", "--set", "clustering"]) == 2
    assert "--set clustering: expected section.key=value" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["segspark", "segspark.cli", "segspark.config"])
def test_importing_it_loads_neither_spark_nor_mlflow(module):
    heavy = "('pyspark', 'mlflow', 'delta', 'sklearn', 'pandas', 'matplotlib')"
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_configuration_is_one_line_on_a_real_terminal_s_standard_error():
    code = (
        "import sys; from segspark.cli import _ACTIONS, main; "
        "code = main(['run', '--config', '/none.yaml', '--as-of', '2018-01-01']); print(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"
    assert done.stderr.count("\n") == 1


def test_the_module_runs_as_the_command_does():
    done = subprocess.run([sys.executable, "-m", "segspark", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("segspark ")


def test_actions_do_what_the_steps_know():
    from segspark.steps.governance import ENTRIES

    assert set(_ACTIONS) == {"list", "show", "diff", "history", *ENTRIES}


def test_a_change_of_segments_and_an_audit_need_no_as_of(capsys, tmp_path):
    missing = str(tmp_path / "none.yaml")
    for command in (["segments", "list"], ["audit"]):
        assert main([*command, "--config", missing]) == 2
        assert "no such configuration file" in capsys.readouterr().err
