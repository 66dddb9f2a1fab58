"""The small experiment of the tests, as text of an experiment file."""


def small_experiment(*sections: str, data: str = 'name = "digits"\nn_steps = 8') -> str:
    """Return an experiment of 40 neurons that trains in about a second, and `sections` behind it.

    `data` is what stands in its section ``[data]``.
    """
    return f"""
name = "small"
seed = 3
[data]
{data}
[model.network]
n_neurons = 40
[model.plasticity]
samples = 20
[model.rate]
calibration_samples = 20
homeostasis_rounds = 2
[model.readout]
n_bins = 1
[tune]
evaluations = 0
""" + "\n".join(sections)


#: Half of the synapses pruned, quantised without training in integers: the quickest whole flow.
PRUNED = """\
[prune]
sparsity = 0.5
[quantise]
shift_width = 3
train_integer = false
"""
