"""Disjoint sets of positions: uniting is transitive, pinning reaches the whole set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from paoding_onnx.dependency.union_find import Partition, distinct

SIZE = 12
pairs = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=15)


def roots(partition):
    return partition.roots(np.arange(SIZE)).tolist()


def united(*batches):
    partition = Partition(SIZE)
    for left, right in batches:
        partition.unite(np.array(left, np.int64), np.array(right, np.int64))
    return partition


def test_every_id_starts_alone():
    assert roots(Partition(SIZE)) == list(range(SIZE))


def test_least_id_stands_for_the_set():
    assert roots(united(([5, 3], [3, 9])))[9] == 3


def test_sets_join_in_one_batch_as_in_many():
    assert roots(united(([0, 1, 2], [1, 2, 3]))) == roots(united(([2], [3]), ([0], [1]), ([1], [2])))


def test_uniting_nothing_changes_nothing():
    assert roots(united(([], []))) == list(range(SIZE))


@given(pairs)
def test_same_sets_as_joining_one_pair_at_a_time(edges):
    label = list(range(SIZE))
    for left, right in edges:
        low, high = sorted((label[left], label[right]))
        label = [low if name == high else name for name in label]
    assert roots(united(tuple(zip(*edges, strict=True)) or ([], []))) == label


def test_nothing_is_pinned_at_first():
    assert (Partition(SIZE).causes() == -1).all()


def test_pin_reaches_the_whole_set_whenever_it_is_united():
    partition = united(([0], [1]))
    partition.pin(np.array([1]), 7)
    partition.unite(np.array([1]), np.array([2]))
    assert partition.causes()[partition.roots(np.array([0, 1, 2, 3]))].tolist() == [7, 7, 7, -1]


def test_least_cause_is_named():
    partition = united(([0], [1]))
    partition.pin(np.array([0]), 4)
    partition.pin(np.array([1]), 2)
    assert partition.causes()[0] == 2


def test_thousands_of_sets_in_a_row_become_one():
    rows = np.arange(5000)
    assert not roots_of(rows[:-1], rows[1:]).any()
    assert not roots_of(rows[::-1][:-1], rows[::-1][1:]).any()


def roots_of(left, right):
    partition = Partition(left.size + 1)
    partition.unite(left, right)
    return partition.roots(np.arange(left.size + 1))


def test_distinct_ids_come_once_and_in_order():
    assert distinct(np.array([5, 2, 5])).tolist() == [2, 5]
    assert distinct(np.array([2, 5])).tolist() == [2, 5]
    assert distinct(np.zeros(0, np.int64)).tolist() == []
