// The vectors that the Python driver and the RTL are held to as well: the same calls must send the
// same bytes and understand the same answers. Argument: tests/link/vectors.txt.
#include <string.h>

#include "check.h"
#include "fake_device.h"

#define MAX_LINE 2048
#define MAX_IMAGES 32
#define MAX_NUMBERS 256

typedef struct {
    uint32_t numbers[MAX_NUMBERS];
    size_t count;
} value_t;

typedef struct {
    hrsnn_image_t images[MAX_IMAGES];
    value_t image_words[MAX_IMAGES];
    size_t image_count;
    value_t out_width, lanes, inputs, mark, neurons, commands, outputs, prediction, counters, words;
} values_t;

static fake_t fake;
static values_t values;
static char line[MAX_LINE], request[MAX_LINE];

static value_t *value_named(const char *name) {
    static const char *const names[] = {"out_width", "lanes",      "inputs",   "mark",
                                        "neurons",   "commands",   "outputs",  "prediction",
                                        "counters",  "words"};
    value_t *const places[] = {&values.out_width, &values.lanes,    &values.inputs,
                               &values.mark,      &values.neurons,  &values.commands,
                               &values.outputs,   &values.prediction, &values.counters,
                               &values.words};
    if (strcmp(name, "image") == 0) {
        CHECK(values.image_count < MAX_IMAGES);
        return &values.image_words[values.image_count++];
    }
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        if (strcmp(name, names[k]) == 0) {
            return places[k];
        }
    }
    fprintf(stderr, "value: must be known, not %s\n", name);
    exit(1);
}

static void read_value(char *text) {
    value_t *value = value_named(strtok(text, " \n"));
    value->count = 0;
    for (char *word = strtok(NULL, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        CHECK(value->count < MAX_NUMBERS);
        // Outputs are signed; their bits are what is kept.
        value->numbers[value->count++] = (uint32_t)strtoll(word, NULL, 10);
    }
}

// Read the section `name`: expect its exchanges, keep its values.
static void open_section(const char *path, const char *name) {
    bool inside = false;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    fake.count = fake.next = 0;
    values.image_count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        CHECK(strchr(line, '\n') != NULL);
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '[') {
            size_t size = strlen(name);
            inside = strncmp(line + 1, name, size) == 0 && line[size + 1] == ']';
        } else if (inside && line[0] == '=') {
            read_value(line + 2);
        } else if (inside && line[0] == '>') {
            strcpy(request, line + 2);
        } else if (inside && (line[0] == '<' || line[0] == '~')) {
            fake_frames(&fake, request, line + 2);
        }
    }
    fclose(file);
    CHECK(fake.count > 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    const char *path = argv[1];
    hrsnn_frames_t frames;
    hrsnn_t device;
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);

    hrsnn_info_t info;
    open_section(path, "identify");
    CHECK(hrsnn_identify(&device, &info) == HRSNN_OK);
    CHECK(info.output_width == values.out_width.numbers[0]);
    CHECK(info.lanes == values.lanes.numbers[0]);
    CHECK(info.inputs == values.inputs.numbers[0]);
    fake_done(&fake);

    open_section(path, "load");
    for (size_t k = 0; k < values.image_count; k++) {
        const uint32_t *numbers = values.image_words[k].numbers;
        values.images[k] =
            (hrsnn_image_t){(uint8_t)numbers[0], (uint8_t)numbers[1], (uint16_t)numbers[2],
                            numbers + 3, values.image_words[k].count - 3};
    }
    CHECK(hrsnn_load(&device, values.images, values.image_count, values.mark.numbers[0],
                     values.neurons.numbers[0]) == HRSNN_OK);
    fake_done(&fake);

    open_section(path, "run");
    uint16_t commands[MAX_NUMBERS];
    for (size_t k = 0; k < values.commands.count; k++) {
        commands[k] = (uint16_t)values.commands.numbers[k];
    }
    hrsnn_counters_t counters;
    size_t sent = 0, index = 0;
    int32_t outputs[MAX_NUMBERS];
    CHECK(hrsnn_keep_spikes(&device, false) == HRSNN_OK);
    CHECK(hrsnn_read_counters(&device, &counters) == HRSNN_OK);
    CHECK(hrsnn_send(&device, commands, values.commands.count, &sent) == HRSNN_OK);
    CHECK(sent == values.commands.count);
    CHECK(hrsnn_wait_idle(&device, 1) == HRSNN_OK);
    CHECK(hrsnn_read_outputs(&device, outputs, values.outputs.count) == HRSNN_OK);
    CHECK(hrsnn_read_counters(&device, &counters) == HRSNN_OK);
    fake_done(&fake);
    CHECK(memcmp(outputs, values.outputs.numbers, 4 * values.outputs.count) == 0);
    CHECK(memcmp(&counters, values.counters.numbers, sizeof counters) == 0);
    CHECK(hrsnn_argmax(outputs, values.outputs.count, &index) == HRSNN_OK);
    CHECK(index == values.prediction.numbers[0]);

    uint32_t words[MAX_NUMBERS];
    open_section(path, "read_memory");
    CHECK(hrsnn_read_memory(&device, HRSNN_SELECT_V, 1, 0, words, values.words.count) == HRSNN_OK);
    CHECK(memcmp(words, values.words.numbers, 4 * values.words.count) == 0);
    fake_done(&fake);

    open_section(path, "clear");
    CHECK(hrsnn_clear(&device) == HRSNN_OK);
    fake_done(&fake);

    open_section(path, "clear_counters");
    CHECK(hrsnn_clear_counters(&device) == HRSNN_OK);
    fake_done(&fake);

    puts("firmware: vectors passed");
    return 0;
}
