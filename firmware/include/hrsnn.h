// Driver library of the accelerator's host link; docs/link.md describes the link.
//
// C11, no heap, no operating system, no globals. A device is a caller-owned hrsnn_t. Its registers
// are reached through frames, whose bytes two callbacks carry (link hrsnn_frames.c, begin with
// hrsnn_init), or lie on the processor's own bus (link hrsnn_bus.c, begin with hrsnn_init_bus); all
// else is the same. Every function returns hrsnn_status_t and gives results through its last
// pointers. No function may be called for one device from two threads at a time.
#ifndef HRSNN_H
#define HRSNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hrsnn_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HRSNN_CHECKED __attribute__((warn_unused_result))
#else
#define HRSNN_CHECKED
#endif

/// Greatest bytes of a request, and of an answer.
#define HRSNN_REQUEST_MAX (7u + 4u * HRSNN_MAX_WORDS)
#define HRSNN_ANSWER_MAX (6u + 4u * HRSNN_MAX_WORDS)

/// Result of a call: 0, or what went wrong.
typedef enum {
    HRSNN_OK = 0,
    HRSNN_E_ARGUMENT = -1, ///< A wrong argument; nothing was sent.
    HRSNN_E_PORT = -2,     ///< The port's transfer callback failed.
    HRSNN_E_SILENT = -3,   ///< No right answer, however often the request was sent.
    HRSNN_E_REFUSED = -4,  ///< The device does not know the register or the operation.
    HRSNN_E_ORDER = -5,    ///< Another sequence number was expected; identify again.
    HRSNN_E_BUSY = -6,     ///< The core works; its memories cannot be used.
    HRSNN_E_DEVICE = -7,   ///< No accelerator of this version is there.
    HRSNN_E_SPIKES = -8,   ///< Spikes must be read before more commands are taken.
} hrsnn_status_t;

/// How bytes get to the device and back.
typedef struct {
    /// Send `request`, then receive up to `answer_size` bytes into `answer`; either may be of size
    /// 0. Return the number of bytes received, fewer when the device has fallen silent, or a
    /// negative number when the port is broken.
    int32_t (*transfer)(void *context, const uint8_t *request, size_t request_size,
                        uint8_t *answer, size_t answer_size);
    /// Drop what is received until the device has been silent for longer than its timeout.
    void (*wait)(void *context);
    /// Handed to both.
    void *context;
} hrsnn_port_t;

/// What the device's core was built for.
typedef struct {
    uint32_t lanes;         ///< Lanes.
    uint32_t slots;         ///< Neurons of a lane, at most.
    uint32_t inputs;        ///< Input channels, at most.
    uint32_t synapses;      ///< Synapse words of a lane.
    uint32_t outputs;       ///< Outputs of the readout, at most.
    uint32_t bins;          ///< Readout bins, at most.
    uint32_t output_width;  ///< Bits of a readout accumulator.
    bool has_spike_stream;  ///< Spikes can be read.
} hrsnn_info_t;

/// The frames of a device. The members are the library's own.
typedef struct {
    const hrsnn_port_t *port;
    uint8_t seq;
    uint8_t request[HRSNN_REQUEST_MAX];
    uint8_t answer[HRSNN_ANSWER_MAX];
} hrsnn_frames_t;

/// A device. The members are the library's own.
typedef struct {
    union {
        hrsnn_frames_t *frames;
        volatile uint32_t *registers;
    } link;
    hrsnn_info_t info;
    bool identified;
} hrsnn_t;

/// Consecutive words of one memory, as the toolchain exports a network.
typedef struct {
    uint8_t select;        ///< Memory, HRSNN_SELECT_...
    uint8_t lane;          ///< Lane.
    uint16_t address;      ///< First word.
    const uint32_t *words; ///< Bits 31 to 0 of each word.
    size_t count;          ///< Number of words.
} hrsnn_image_t;

/// The device's counters, in the order of their registers; they wrap.
typedef struct {
    uint32_t input_events;
    uint32_t spikes;
    uint32_t sop_in;
    uint32_t sop_rec;
    uint32_t sop_out;
    uint32_t steps;
    uint32_t skipped_rows;
    uint32_t busy_cycles;
    uint32_t stalled_cycles;
    uint32_t idle_cycles;
    uint32_t link_errors;
} hrsnn_counters_t;

/// Prepare `device` for use over `port`; `frames` and `port` must live as long. Sends nothing.
HRSNN_CHECKED hrsnn_status_t hrsnn_init(hrsnn_t *device, hrsnn_frames_t *frames,
                                        const hrsnn_port_t *port);

/// Prepare `device` for use where its registers lie in memory, from `registers` on.
HRSNN_CHECKED hrsnn_status_t hrsnn_init_bus(hrsnn_t *device, volatile uint32_t *registers);

/// Agree on a sequence number, end what an earlier host left behind, and say what the device is.
HRSNN_CHECKED hrsnn_status_t hrsnn_identify(hrsnn_t *device, hrsnn_info_t *info);

/// Read the register at `address`.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_reg(hrsnn_t *device, uint8_t address, uint32_t *value);

/// Write the register at `address`.
HRSNN_CHECKED hrsnn_status_t hrsnn_write_reg(hrsnn_t *device, uint8_t address, uint32_t value);

/// Write `count` words of a memory of the idle core.
HRSNN_CHECKED hrsnn_status_t hrsnn_write_memory(hrsnn_t *device, uint8_t select, uint8_t lane,
                                                uint16_t address, const uint32_t *words,
                                                size_t count);

/// Read bits 31 to 0 of `count` words of a memory of the idle core.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_memory(hrsnn_t *device, uint8_t select, uint8_t lane,
                                               uint16_t address, uint32_t *words, size_t count);

/// Load a network of `neurons` neurons and mark it with `mark`, which is not 0. While it is being
/// loaded, and after a load that failed, the device's mark is 0.
HRSNN_CHECKED hrsnn_status_t hrsnn_load(hrsnn_t *device, const hrsnn_image_t *images, size_t count,
                                        uint32_t mark, uint32_t neurons);

/// Keep spikes for hrsnn_read_spikes, or drop them.
HRSNN_CHECKED hrsnn_status_t hrsnn_keep_spikes(hrsnn_t *device, bool keep);

/// Send command words, HRSNN_COMMAND_... with an argument. With HRSNN_E_SPIKES `*sent` of them have
/// been taken: read spikes until none are left, then send the others.
HRSNN_CHECKED hrsnn_status_t hrsnn_send(hrsnn_t *device, const uint16_t *commands, size_t count,
                                        size_t *sent);

/// Begin a new sample.
HRSNN_CHECKED hrsnn_status_t hrsnn_clear(hrsnn_t *device);

/// Deliver `count` input events, rising channels, and advance one step of readout bin `bin`. With
/// `bin | HRSNN_STEP_ASK` a perceptron or a readout of filters computes its outputs from all spikes
/// up to this step; a linear readout has them always. Not for use while spikes are kept: a step
/// that needs them read ends with HRSNN_E_SPIKES.
HRSNN_CHECKED hrsnn_status_t hrsnn_step(hrsnn_t *device, const uint16_t *channels, size_t count,
                                        uint16_t bin);

/// Wait until all commands are done; HRSNN_E_BUSY after `polls` looks.
HRSNN_CHECKED hrsnn_status_t hrsnn_wait_idle(hrsnn_t *device, uint32_t polls);

/// Read up to `capacity` items of the spike stream, HRSNN_SPIKE_...; fewer when the core is idle.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_spikes(hrsnn_t *device, uint32_t *items, size_t capacity,
                                               size_t *count);

/// Read `count` readout accumulators of the idle core, of at most 32 bits.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_outputs(hrsnn_t *device, int32_t *outputs, size_t count);

/// Give the lowest index among the greatest of `count` outputs: the class.
HRSNN_CHECKED hrsnn_status_t hrsnn_argmax(const int32_t *outputs, size_t count, size_t *index);

/// Read all counters.
HRSNN_CHECKED hrsnn_status_t hrsnn_read_counters(hrsnn_t *device, hrsnn_counters_t *counters);

/// Set all counters to 0; spikes are dropped from then on.
HRSNN_CHECKED hrsnn_status_t hrsnn_clear_counters(hrsnn_t *device);

#ifdef __cplusplus
}
#endif

#endif
