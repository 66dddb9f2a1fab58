"""The exceptions of hrsnn-edge and the exit codes they map to.

Every message names the thing, the condition, the value and, where there is one, the remedy:
``Membrane width must be between 8 and 24, not 40``. Wrong *calls* raise ``TypeError`` or
``ValueError``; wrong *data*, files and tools raise a subclass of `HrsnnError`.
"""

from __future__ import annotations


class HrsnnError(Exception):
    """Wrong input or a failed check."""

    #: Exit code of the command line for this error.
    exit_code = 1


class DataError(HrsnnError):
    """A data set, recording or event list that cannot be used."""


class ExperimentError(HrsnnError):
    """An experiment file that is wrong; names the line and the nearest right key."""


class TrainingError(HrsnnError):
    """A network that cannot be trained: silent, saturated or not finite."""


class PruneError(HrsnnError):
    """A network that cannot be pruned as asked."""


class QuantisationError(HrsnnError):
    """A float value with no place in the integer formats."""


class ArtifactError(HrsnnError):
    """An artifact file that is cut short, altered or of another version."""


class InterchangeError(HrsnnError):
    """A file of an exchange format that is damaged or holds what the network cannot express."""


class CapacityError(HrsnnError):
    """A network that does not fit the core or the board; says what would make it fit."""


class MismatchError(HrsnnError):
    """Two descriptions of the same network that disagree; carries the first divergence."""


class LinkError(HrsnnError):
    """A host link that answers wrongly or not at all."""


class ToolMissingError(HrsnnError):
    """A tool that is not installed or too old; names what supplies it."""

    exit_code = 3


class ToolFailedError(HrsnnError):
    """A tool that ran and failed; carries the last lines of its log."""

    exit_code = 4


class WorkerLostError(HrsnnError):
    """A worker process that was killed with its job, by the system or by hand."""

    exit_code = 4
