import numpy as np
import pytest

from hrsnn_edge.analysis.memory import delayed, memory_capacity, squared_correlation


def uniform(n, seed=0):
    """Independent samples in -1..1."""
    return np.random.default_rng(seed).uniform(-1, 1, n)


def linear_reservoir(x, n=15, radius=0.9, seed=1):
    """States of ``r[t+1] = W r[t] + u x[t]``, taken before `x[t]` enters."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n, n))
    w *= radius / np.abs(np.linalg.eigvals(w)).max()
    u, r, states = rng.normal(size=n), np.zeros(n), []
    for value in x:
        states.append(r)
        r = w @ r + u * value
    return np.array(states)


def test_worked_delays():
    """Hand-worked: column k holds the input k + 1 samples ago."""
    assert delayed([1, 2, 3], 2).tolist() == [[0, 0], [1, 0], [2, 1]]


def test_worked_correlation():
    """Hand-worked: a scaled copy has 1, an opposed one 1, an unrelated one 0, a constant 0."""
    a = np.array([[1.0, 1, 1, 2], [-1, -1, 0, 2], [1, 1, -1, 2], [-1, -1, 0, 2]])
    b = np.array([[2.0, -1, 1, 1], [-2, 1, 5, 2], [2, -1, 1, 3], [-2, 1, 5, 4]])
    assert squared_correlation(a, b) == pytest.approx([1, 1, 0, 0])


@pytest.mark.parametrize("taps", [1, 7, 20])
def test_delay_line(taps):
    """A pure delay line of D taps has C = D: 1 up to D, chance beyond."""
    x = uniform(5200)
    memory = memory_capacity(delayed(x, taps), x)
    assert memory.curve[:taps] == pytest.approx(1, abs=1e-5)
    assert memory.curve[taps:].max() < 0.02
    assert memory.above_chance == pytest.approx(taps, abs=0.15)


def test_linear_reservoir():
    """The capacity of a linear reservoir is at most its N, and near it."""
    x = uniform(5200, 2)
    memory = memory_capacity(linear_reservoir(x), x)
    assert 10 < memory.above_chance <= 15
    assert np.all((memory.curve >= 0) & (memory.curve <= 1))


def test_judged_on_test_data():
    """Noise features have no memory on test data; on 600 training samples they would show 50."""
    x = uniform(3000, 3)
    noise = np.random.default_rng(4).normal(size=(3000, 300))
    memory = memory_capacity(noise, x, n_train=600)
    assert abs(memory.above_chance) < 0.15
    assert memory.chance < 0.2


def test_silent_network():
    """A network that never changes has the capacity 0 exactly."""
    x = uniform(600)
    memory = memory_capacity(np.zeros((600, 4)), x, n_train=300)
    assert (memory.total, memory.chance, memory.above_chance) == (0, 0, 0)


def test_wrong_calls():
    """Lengths that leave no test, delays beyond the washout and unequal lengths are refused."""
    x = uniform(600)
    with pytest.raises(ValueError, match="must be more than 3201, washout and training, not 600"):
        memory_capacity(np.zeros((600, 1)), x)
    with pytest.raises(ValueError, match="between 1 and 50, the washout, not 100"):
        memory_capacity(np.zeros((600, 1)), x, washout=50, n_train=100)
    with pytest.raises(ValueError, match="must have 600 samples like the input, not 5"):
        memory_capacity(np.zeros((5, 1)), x)
    with pytest.raises(ValueError, match="must be a vector"):
        delayed(np.zeros((3, 2)), 1)
