import numpy as np
import pytest

from rnnspec import gallery
from rnnspec.dynamics.words import Word, certainly_unstable, fastest_letter, fastest_word


def random(*shape, size=1.0, seed=17):
    return size * np.random.default_rng(seed).standard_normal(shape) / np.sqrt(shape[-1])


def test_a_word_names_letters_in_the_order_in_which_they_act():
    J = np.stack([np.diag([0.1, 0.1, 0.1]), np.eye(3, k=1) * 1.5, np.eye(3, k=-2) * 1.5])
    word = fastest_word(J, np.eye(3))
    assert sorted(word.letters) == [1, 1, 2]
    assert word.spectral_radius == pytest.approx(1.5**3)
    assert word.rate == pytest.approx(1.5)
    assert fastest_letter(J).letters == (0,)


def test_what_rounding_may_have_made_unstable_is_not_certain():
    A = gallery.jordan(12, 0.999)[None]  # eigenvalues of moduli up to 1.05, as LAPACK sees them
    assert not certainly_unstable(A, fastest_letter(A + 1e-15 * random(1, 12, 12)))
    assert certainly_unstable(A + 0.5 * np.eye(12), Word((0,), 1.499))
    assert not certainly_unstable(A, Word((0,), 0.999))


def test_where_all_letters_contract_no_word_is_sought():
    J = 0.9 * np.stack([np.eye(2), -np.eye(2)])
    assert len(fastest_word(J, np.eye(2)).letters) == 1


def test_the_norm_tells_what_is_worth_lengthening():
    # In a norm in which both contract, the words that grow for a while are left at once.
    J = np.stack([[[0.5, 40.0], [0.0, 0.5]], [[0.4, 40.0], [0.0, 0.4]]])
    assert fastest_word(J, np.diag([1.0, 1e3])).rate == 0.5
