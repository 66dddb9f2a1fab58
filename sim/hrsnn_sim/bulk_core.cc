// Drives a compiled core from C: memory loads, whole streams of command words with random gaps on
// both sides, and a record of everything the core does. `model.cc` is the design, `ports.h` says
// where its fields stand; hrsnn_sim/bulk.py writes both and calls the functions at the end.

#include "model.cc"
#include "ports.h"

#include <cstdint>
#include <cstdio>
#include <cstring>

#ifdef HRSNN_WAVES
#include <cxxrtl/cxxrtl_vcd.h>
#include <string>
#include <unordered_map>
#include <vector>
#endif

namespace {

template<size_t Bits>
const cxxrtl::chunk_t *chunks(const cxxrtl::value<Bits> &port) { return port.data; }
template<size_t Bits>
const cxxrtl::chunk_t *chunks(const cxxrtl::wire<Bits> &port) { return port.curr.data; }

// A field of at most 57 bits; with a constant `f` this is a shift and a mask.
template<class Port>
inline uint64_t get(const Port &port, Field f) {
    const cxxrtl::chunk_t *word = chunks(port) + f.offset / 32;
    unsigned low = f.offset % 32;
    uint64_t bits = word[0] >> low;
    if (low + f.width > 32) bits |= uint64_t(word[1]) << (32 - low);
    if (low + f.width > 64) bits |= uint64_t(word[2]) << (64 - low);
    return bits & ((uint64_t(1) << f.width) - 1);
}

template<class Port>
inline int64_t get_signed(const Port &port, Field f) {
    uint64_t bits = get(port, f), sign = uint64_t(1) << (f.width - 1);
    return int64_t(bits ^ sign) - int64_t(sign);
}

// Random gaps: xorshift64*, one draw a decision.
struct Random {
    uint64_t state;
    // True with probability `p` of 65536.
    bool chance(uint32_t p) {
        if (p == 0) return false;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return ((state * 0x2545F4914F6CDD1Dull) >> 48) < p;
    }
};

#ifdef HRSNN_WAVES
// Bits that change in registers and memories, by the block that holds them.
struct Activity {
    struct Block {
        std::string name;
        uint64_t bits = 0, toggles = 0;
    };
    std::vector<Block> blocks;
    std::unordered_map<const cxxrtl::chunk_t *, size_t> block_of;

    explicit Activity(const cxxrtl::debug_items &items) {
        std::unordered_map<std::string, size_t> known;
        for (const auto &[name, parts] : items.table) {
            for (const auto &item : parts) {
                bool is_register = item.type == CXXRTL_WIRE && item.next;
                if (!is_register && item.type != CXXRTL_MEMORY) continue;
                size_t end = name.rfind(' ');
                std::string block = end == std::string::npos ? "" : name.substr(0, end);
                size_t index = known.emplace(block, blocks.size()).first->second;
                if (!block_of.emplace(item.curr, index).second) continue;
                if (index == blocks.size()) blocks.push_back({block});
                blocks[index].bits += item.width * (is_register ? 1 : item.depth);
            }
        }
    }

    void count(const cxxrtl::chunk_t *place, const cxxrtl::chunk_t *old_value,
               const cxxrtl::chunk_t *new_value, size_t chunks) {
        auto found = block_of.find(place);
        if (found == block_of.end()) return;
        for (size_t k = 0; k < chunks; k++)
            blocks[found->second].toggles += __builtin_popcount(old_value[k] ^ new_value[k]);
    }
    void on_update(size_t chunks, const cxxrtl::chunk_t *base, const cxxrtl::chunk_t *value) {
        count(base, base, value, chunks);
    }
    void on_update(size_t chunks, const cxxrtl::chunk_t *base, const cxxrtl::chunk_t *value,
                   size_t index) {
        count(base, base + chunks * index, value, chunks);
    }
};
#endif

enum Status {
    OK = 0,
    STUCK = 1,       // nothing moved for `limit` cycles
    EXTRA_STEP = 2,  // more steps came out than went in
    NOT_HELD = 3,    // a spike was withdrawn or changed before it was taken
};

struct Core {
    Top top;
    uint64_t cycle = 0;
    uint64_t hits[N_POINTS + 1] = {};
    bool single;  // whether one evaluation settles the design: it has no combinational feedback
#ifdef HRSNN_WAVES
    cxxrtl::debug_items items;
    cxxrtl::vcd_writer vcd;
    Activity *activity = nullptr;
    FILE *file = nullptr;
    uint64_t first = 0, last = 0;
#endif

    Core() {
        single = top.eval();
        top.commit();
        top.p_clk.set<bool>(single);
#ifdef HRSNN_WAVES
        top.debug_info(&items, nullptr, "");
        vcd.timescale(1, "ns");
        vcd.add_without_memories(items);
#endif
    }

    // Settle one clock cycle: afterwards every port has the value that the rising edge will see.
    // Where one evaluation is enough the edge is part of it, so a cycle costs one, not two.
    void settle() {
        if (single) {
            top.prev_p_clk.set<bool>(false);
            top.eval();
        } else {
            top.p_clk.set<bool>(false);
            top.step();
        }
    }

    void edge() {
#ifdef HRSNN_WAVES
        if (file && cycle >= first && cycle <= last) {
            top.p_clk.set<bool>(true);
            vcd.sample(10 * cycle);
            top.p_clk.set<bool>(false);
            vcd.sample(10 * cycle + 5);
            top.p_clk.set<bool>(single);
            fwrite(vcd.buffer.data(), 1, vcd.buffer.size(), file);
            vcd.buffer.clear();
        }
#endif
#ifdef HRSNN_WAVES
        if (single && activity) {
            top.commit(*activity);
            cycle++;
            return;
        }
#endif
        if (single) {
            top.commit();
        } else {
            top.p_clk.set<bool>(true);
            top.step();
        }
        cycle++;
    }
};

}  // namespace

extern "C" {

struct Job {
    const uint16_t *words;  // commands in order
    uint64_t n_words;
    uint64_t n_steps;       // STEP commands among them
    const uint8_t *first;   // (n_steps) 1 for the first step of a sample
    const int64_t *bias;    // (N_OUT) accumulators at the start of a sample
    uint64_t seed;          // of the gaps, not 0
    uint32_t command_gap;   // chance of 65536 that the next command is not offered in a cycle
    uint32_t spike_gap;     // chance of 65536 that a spike is not taken in a cycle
    uint32_t wait_steps;    // 1: offer nothing after a STEP until all its work is done
    uint64_t limit;         // cycles without progress until the run counts as stuck
};

struct Record {
    uint8_t *spikes;         // (n_steps, N_HW)
    int32_t *v;              // (n_steps, N_HW)
    int32_t *i_syn;          // (n_steps, N_HW) on a core with synaptic currents
    int64_t *out;            // (n_steps, N_OUT)
    int64_t *counts;         // (n_steps, N_COUNTS) when the step's work is done
    int64_t *counts_start;   // (n_steps, N_COUNTS) when the step began
    int64_t *begun, *done;   // (n_steps) cycles from the start of the run
    uint32_t *stream;        // items of the spike stream
    uint64_t stream_room, stream_items;
    uint64_t steps, cycles, busy, command_stalls;
    uint64_t weight_updates;
};

void *hrsnn_create() { return new Core; }

void hrsnn_destroy(void *handle) { delete static_cast<Core *>(handle); }

void hrsnn_hits(void *handle, uint64_t *hits) {
    memcpy(hits, static_cast<Core *>(handle)->hits, N_POINTS * sizeof *hits);
}

uint64_t hrsnn_cycle(void *handle) { return static_cast<Core *>(handle)->cycle; }

// Pause as long as a core that has no work takes to stand still: the next word must wake it.
static void rest(Core &core) {
    for (int k = 0; k < IDLE_CYCLES; k++) {
        core.settle();
        core.edge();
    }
}

int hrsnn_load(void *handle, uint32_t select, uint32_t lane, uint32_t base, const uint64_t *words,
               uint64_t n, uint64_t limit) {
    Core &core = *static_cast<Core *>(handle);
    Top &top = core.top;
    int status = OK;
    rest(core);
    for (uint64_t k = 0, waited = 0; k < n;) {
        top.p_write____valid.set<bool>(true);
        top.p_write____select.set(select);
        top.p_write____lane.set(lane);
        top.p_write____addr.set(uint32_t(base + k));
        top.p_write____data.set(words[k]);
        core.settle();
        bool taken = get(top.p_write____ready, write_ready);
        core.edge();
        waited = taken ? 0 : waited + 1;
        k += taken;
        if (waited > limit) { status = STUCK; break; }
    }
    top.p_write____valid.set<bool>(false);
    return status;
}

int hrsnn_read(void *handle, uint32_t select, uint32_t lane, uint32_t base, uint64_t *words,
               uint64_t n, uint64_t limit) {
    Core &core = *static_cast<Core *>(handle);
    Top &top = core.top;
    int status = OK;
    rest(core);
    for (uint64_t asked = 0, got = 0, waited = 0; got < n; waited++) {
        top.p_read____valid.set<bool>(asked < n);
        top.p_read____select.set(select);
        top.p_read____lane.set(lane);
        top.p_read____addr.set(uint32_t(base + asked));
        core.settle();
        if (asked < n && get(top.p_read____ready, read_ready)) asked++, waited = 0;
        if (get(top.p_read____data__valid, read_data_valid)) {
            words[got++] = get(top.p_read____data, read_data);
            waited = 0;
        }
        core.edge();
        if (waited > limit) { status = STUCK; break; }
    }
    top.p_read____valid.set<bool>(false);
    return status;
}

int hrsnn_run(void *handle, const Job *job, Record *record) {
    Core &core = *static_cast<Core *>(handle);
    Top &top = core.top;
    Random gaps{job->seed};
    int64_t counts[N_COUNTS] = {}, out[N_OUT + OUT_LANES] = {};
    uint64_t sent = 0, begun = 0, stepped = 0, idle_for = 0, start = core.cycle, waited = 0;
    bool offered = false, spike_seen = false, finished = false;
    uint64_t spike_before = 0;
    int status = OK;
    if (job->n_steps) memcpy(out, job->bias, N_OUT * sizeof(int64_t));
    while (!finished && status == OK) {
        bool moved = false;
        bool held = job->wait_steps && stepped > record->steps;
        if (!offered && sent < job->n_words && !held && !gaps.chance(job->command_gap)) {
            offered = true;
            top.p_command____payload.set(job->words[sent]);
        }
        top.p_command____valid.set<bool>(offered);
#if SPIKE_STREAM
        bool take = !gaps.chance(job->spike_gap);
        top.p_spike____ready.set<bool>(take);
#endif
        core.settle();

        if (offered) {
            if (get(top.p_command____ready, command_ready)) {
                stepped += (job->words[sent] >> KIND_OFFSET) == KIND_STEP;
                sent++;
                offered = false;
                moved = true;
            } else {
                record->command_stalls++;
            }
        }
#if SPIKE_STREAM
        bool spike_valid = get(top.p_spike____valid, spike_valid_field);
        uint64_t item = get(top.p_spike____payload, spike_item);
        if (spike_seen && !(spike_valid && item == spike_before)) status = NOT_HELD;
        if (spike_valid && take) {
            if (record->stream_items < record->stream_room)
                record->stream[record->stream_items] = uint32_t(item);
            record->stream_items++;
            moved = true;
        }
        spike_seen = spike_valid && !take;
        spike_before = item;
#endif
        for (unsigned k = 0; k < N_COUNTS; k++) {
            uint64_t add = get(top.p_strobes, strobes[k]);
            counts[k] += strobe_is_mask[k] ? __builtin_popcountll(add) : int64_t(add);
        }
#if LEARNS
        record->weight_updates += get(top.p_strobes, weight_updates_field);
#endif
        if (get(top.p_strobes, strobes[STEP_COUNT])) {
            if (begun >= job->n_steps) { status = EXTRA_STEP; break; }
            memcpy(record->counts_start + begun * N_COUNTS, counts, sizeof counts);
            record->begun[begun++] = int64_t(core.cycle - start);
        }
        bool room = record->steps < job->n_steps;
        if (get(top.p_trace, trace_valid)) {
            if (!room) { status = EXTRA_STEP; break; }
            uint64_t slot = get(top.p_trace, trace_slot), row = record->steps * N_HW + slot * LANES;
            for (unsigned lane = 0; lane < LANES && slot < N_SLOTS; lane++) {
                record->v[row + lane] = int32_t(get_signed(top.p_trace, trace_v[lane]));
#if HAS_CURRENTS
                record->i_syn[row + lane] = int32_t(get_signed(top.p_trace, trace_i_syn[lane]));
#endif
                record->spikes[row + lane] = get(top.p_trace, trace_spike) >> lane & 1;
            }
            moved = true;
        }
        if (get(top.p_trace, trace_out_valid)) {
            uint64_t first = get(top.p_trace, trace_out_index) * OUT_LANES;
            for (unsigned r = 0; r < OUT_LANES && first < N_OUT; r++)
                out[first + r] = get_signed(top.p_trace, trace_out_value[r]);
            // A core that clears its readout over and over goes nowhere.
            moved |= begun > record->steps;
        }
        if (get(top.p_trace, trace_drained)) {
            if (!room) { status = EXTRA_STEP; break; }
            uint64_t t = record->steps++;
            memcpy(record->out + t * N_OUT, out, N_OUT * sizeof(int64_t));
            memcpy(record->counts + t * N_COUNTS, counts, sizeof counts);
            record->done[t] = int64_t(core.cycle - start);
            if (t + 1 < job->n_steps && job->first[t + 1])
                memcpy(out, job->bias, N_OUT * sizeof(int64_t));
            moved = true;
        }
        count_points(top, core.hits);
        bool idle = get(top.p_idle, idle_field);
        record->busy += !idle;
        // The last command may still be on its way into the core when it looks idle.
        idle_for = idle && sent == job->n_words ? idle_for + 1 : 0;
        core.edge();
        record->cycles = core.cycle - start;
        waited = moved ? 0 : waited + 1;
        if (waited > job->limit) status = STUCK;
        finished = idle_for > IDLE_CYCLES;
    }
    top.p_command____valid.set<bool>(false);
    if (status == OK && record->steps != job->n_steps) status = STUCK;
    return status;
}

#ifdef HRSNN_WAVES
// From now on write the cycles first..last, counted from the core's creation, to a file.
int hrsnn_waves(void *handle, const char *path, uint64_t first, uint64_t last) {
    Core &core = *static_cast<Core *>(handle);
    core.file = fopen(path, "wb");
    core.first = first;
    core.last = last;
    return core.file != nullptr;
}

// From now on count what changes; return the number of blocks, 0 for a design that cannot.
size_t hrsnn_count_activity(void *handle) {
    Core &core = *static_cast<Core *>(handle);
    if (!core.single) return 0;
    delete core.activity;
    core.activity = new Activity(core.items);
    return core.activity->blocks.size();
}

const char *hrsnn_activity(void *handle, size_t block, uint64_t *bits, uint64_t *toggles) {
    const auto &found = static_cast<Core *>(handle)->activity->blocks[block];
    *bits = found.bits;
    *toggles = found.toggles;
    return found.name.c_str();
}

void hrsnn_close_waves(void *handle) {
    Core &core = *static_cast<Core *>(handle);
    if (core.file) fclose(core.file);
    core.file = nullptr;
}
#endif

}  // extern "C"
