"""`make bench` leaves no measurement out."""

from tests.architecture.files import ROOT
from tests.bench.everything import HELPERS, MEASUREMENTS


def test_every_program_of_the_bench_is_run_or_named_as_a_helper() -> None:
    found = {path.stem for path in (ROOT / "tests" / "bench").glob("*.py")} - {"__init__"}
    assert found == {*MEASUREMENTS, *HELPERS}
