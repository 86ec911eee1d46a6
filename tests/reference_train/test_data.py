import numpy as np
import torch

from gradprobe_reference.batches import BATCHES_PER_EPOCH, PADDING, one_hot, validation_window, windows
from gradprobe_reference.tasks import describe, load_tasks


def test_tasks_are_the_arc_1_training_tasks_that_keep_the_size_of_the_grid():
    tasks = load_tasks()
    assert len(tasks) == 262
    assert sum(len(task.train) for task in tasks) == 814
    assert all(pair.input.shape == pair.output.shape for task in tasks for pair in task.train + task.test)
    assert all(pair.task == index for index, task in enumerate(tasks) for pair in task.train)


def test_a_description_names_size_colours_and_share_of_repainted_cells():
    before = np.array([[0, 2], [0, 0]])
    after = np.array([[0, 1], [0, 0]])
    # one of the four cells changes: 25 percent
    assert describe([(before, after)]) == (
        "1 pairs . grids up to 2 rows and 2 columns . inputs black red . outputs black blue . "
        "colours added blue . colours removed red . 25 percent repainted ."
    )


def test_an_epoch_visits_every_pair_once():
    tasks = load_tasks()
    batches = [b for w in windows(tasks, epochs=1, max_batches=None, seed=0) for b in w.batches]
    assert len(batches) == BATCHES_PER_EPOCH
    assert [batch.number for batch in batches] == list(range(BATCHES_PER_EPOCH))
    # 814 pairs in 50 batches: 14 batches of 17 and 36 of 16
    assert sorted(len(batch.inputs) for batch in batches) == [16] * 36 + [17] * 14


def test_windows_are_cut_after_batches_10_20_and_so_on_over_epochs():
    cut = list(windows(load_tasks(), epochs=2, max_batches=55, seed=0))
    assert [(w.batches[0].number, w.batches[-1].number) for w in cut] == [
        (0, 10), (11, 20), (21, 30), (31, 40), (41, 50), (51, 54),
    ]  # fmt: skip
    assert [b.number for w in cut for b in w.batches if b.starts_epoch] == [0, 50]


def test_prompt_rows_point_at_the_description_of_the_pair_s_task():
    tasks = load_tasks()
    [window] = windows(tasks, epochs=1, max_batches=1, seed=3)
    pairs = [pair for task in tasks for pair in task.train]
    chosen = np.array_split(np.random.default_rng(3).permutation(len(pairs)), BATCHES_PER_EPOCH)[0]
    rows = window.batches[0].prompt_rows.tolist()
    assert [window.descriptions[row] for row in rows] == [tasks[pairs[i].task].description for i in chosen]


def test_grids_are_padded_and_the_padding_is_no_colour():
    window = validation_window(load_tasks())
    [batch] = window.batches
    assert batch.inputs.dtype == torch.int8
    assert batch.inputs.shape == batch.outputs.shape == (len(window.descriptions), *batch.inputs.shape[1:])
    hot = one_hot(batch.inputs)  # [pair, colour, height, width]
    assert hot.shape == (len(batch.inputs), 10, *batch.inputs.shape[1:])
    is_cell = batch.inputs != PADDING
    assert (hot.sum(1) == is_cell).all()
    assert (hot.argmax(1)[is_cell] == batch.inputs[is_cell]).all()
