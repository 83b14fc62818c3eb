"""The recipe being written, and taking back what was done to it."""

import pytest

from app.ui.draft import Draft, fresh, why_not
from tests.app.ui.pages_support import breakdown


@pytest.fixture
def draft(qapp) -> Draft:
    made = Draft()
    made.load([{"method": "magnitude_pruning", "share": 0.5}, {"method": "fine_tune", "epochs": 2}])
    return made


def methods(draft: Draft) -> list[str]:
    return [step["method"] for step in draft.steps]


def test_a_step_is_added_at_the_end_and_picked(draft):
    draft.add("fine_tune")
    assert methods(draft) == ["magnitude_pruning", "fine_tune", "fine_tune"]
    assert draft.picked == 2


def test_moving_a_step_is_undone_and_redone(draft):
    draft.move(1, 0)
    assert methods(draft) == ["fine_tune", "magnitude_pruning"]
    draft.undo()
    assert methods(draft) == ["magnitude_pruning", "fine_tune"]
    draft.redo()
    assert methods(draft) == ["fine_tune", "magnitude_pruning"]


def test_a_step_cannot_be_moved_past_the_end(draft):
    draft.move(1, 9)
    assert methods(draft) == ["magnitude_pruning", "fine_tune"]


def test_a_drag_is_one_change(draft):
    draft.hold()
    for share in (0.6, 0.7, 0.8):
        draft.change(0, share=share)
    draft.let_go()
    assert draft.steps[0]["share"] == 0.8
    draft.undo()
    assert draft.steps[0]["share"] == 0.5


def test_a_drag_that_changes_nothing_leaves_nothing_to_undo(qapp):
    draft = Draft()
    draft.hold()
    draft.let_go()
    assert not draft.can_undo


def test_removing_the_picked_step_picks_its_neighbour(draft):
    draft.pick(1)
    draft.remove(1)
    assert (methods(draft), draft.picked) == (["magnitude_pruning"], 0)
    draft.remove(0)
    assert (draft.steps, draft.picked, draft.step) == ((), -1, None)


def test_without_data_pruning_comes_without_training_and_fine_tuning_not_at_all(qapp):
    draft = Draft()
    draft.add("magnitude_pruning", has_data=False)
    assert draft.steps[0]["epochs"] == 0
    assert why_not("magnitude_pruning", breakdown(), has_data=False) == ""
    assert "needs data" in why_not("fine_tune", breakdown(), has_data=False)


def test_without_data_int8_is_added_with_scales_that_need_none():
    assert fresh("int8", has_data=False)["scales"] == "dynamic"
    assert "scales" not in fresh("int8", has_data=True)
    assert why_not("int8", breakdown(), has_data=False) == ""
