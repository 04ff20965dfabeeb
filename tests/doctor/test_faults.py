"""Faults that are really there: each is planted into a hotel in order, found with its fix, and taken out again."""

import pytest

from tests.doctor.conftest import Hotel, document, unknown_commands
from tests.doctor.faults_inside import INSIDE
from tests.doctor.faults_outside import OUTSIDE
from tests.doctor.planting import Planted

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("planted", [*OUTSIDE, *INSIDE], ids=lambda planted: planted.name)
def test_a_planted_fault_is_found_and_its_fix_is_named(hotel: Hotel, planted: Planted) -> None:
    words = ("--only", planted.check, *planted.words)
    assert [document(row) for row in hotel.troubles(*words)] == []
    with planted.plant(hotel):
        found = hotel.troubles(*words)
    assert {(row.check, row.state) for row in found} == {(planted.check, planted.state)}, list(map(document, found))
    assert planted.fix in found[0].fix
    assert planted.what in found[0].what
    assert [unknown for row in found for unknown in unknown_commands(row.fix)] == []
    assert [document(row) for row in hotel.troubles(*words)] == []
