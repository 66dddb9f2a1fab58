// A core that learns: its weights are brought up to date, read and written.
//
// Such a core learns in every step, by the constants that were loaded with its network. A weight is
// changed when its source fires next, so before the host looks at weights it asks for all of them
// to be brought up to date. hrsnn_clear does that too, and makes the traces forget: give it between
// samples that have nothing to do with each other, and before another network is loaded.
#ifndef HRSNN_LEARN_H
#define HRSNN_LEARN_H

#include "hrsnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What a core that learns was built for.
typedef struct {
    bool inputs;              ///< Synapses of the input channels learn.
    bool recurrent;           ///< Synapses between neurons learn.
    uint32_t learn_shift;     ///< A weight is its magnitude divided by 2 to this power, rounded down.
    uint32_t magnitude_width; ///< Bits of a magnitude, at most 20.
    uint32_t history;         ///< Steps of the past that the core remembers.
} hrsnn_learning_t;

/// Say what the device learns; HRSNN_E_REFUSED when it does not.
HRSNN_CHECKED hrsnn_status_t hrsnn_learning(hrsnn_t *device, hrsnn_learning_t *learning);

/// Bring all weights up to date and wait until they are; HRSNN_E_BUSY after `polls` looks. Nothing
/// else changes: the sample goes on with the next step.
HRSNN_CHECKED hrsnn_status_t hrsnn_update_weights(hrsnn_t *device, uint32_t polls);

/// Make all traces forget, weights up to date first, and wait; HRSNN_E_BUSY after `polls` looks.
HRSNN_CHECKED hrsnn_status_t hrsnn_forget(hrsnn_t *device, uint32_t polls);

/// Read `count` magnitudes of a lane that is up to date, from synapse `address` on. A synapse that
/// does not learn has its weight, signed, shifted left by `learn_shift`, as the low
/// `magnitude_width` bits.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_magnitudes(hrsnn_t *device, uint8_t lane, uint16_t address,
                                                   uint32_t *magnitudes, size_t count);

/// Write `count` magnitudes of a lane that is up to date.
HRSNN_CHECKED hrsnn_status_t hrsnn_write_magnitudes(hrsnn_t *device, uint8_t lane,
                                                    uint16_t address, const uint32_t *magnitudes,
                                                    size_t count);

/// Read how many changes of magnitudes were not 0; complete once the weights are up to date.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_weight_updates(hrsnn_t *device, uint32_t *count);

#ifdef __cplusplus
}
#endif

#endif
