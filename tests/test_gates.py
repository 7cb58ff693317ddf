import pytest
from benches import cases, run
@pytest.mark.parametrize("case", cases("block_ram"))
def test_block_ram(case, seed):
    run(case, seed=seed)
