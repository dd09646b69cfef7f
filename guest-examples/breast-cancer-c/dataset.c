#include "dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trialbox.h"

static size_t lines_of(const trialbox_content *content) {
    size_t lines = 0;
    for (size_t index = 0; index < content->length; index++) lines += content->bytes[index] == '\n';
    return lines;
}

/* Reads a row, and goes on to the next; false if it is none. */
static bool read_row(char **text, example *row) {
    for (size_t column = 0; column <= FEATURES; column++) {
        char *end;
        double number = trialbox_number(*text, &end);
        if (end == *text || *end != (column < FEATURES ? ',' : '\n')) return false;
        *(column < FEATURES ? &row->features[column] : &row->label) = number;
        *text = end + 1;
    }
    return true;
}

/* Scales a feature of all rows by its mean and standard deviation in those to learn from. */
static void standardise(examples *training, examples *validation, size_t feature) {
    double mean = 0, squares = 0;
    for (size_t index = 0; index < training->count; index++) mean += training->items[index].features[feature];
    mean /= (double)training->count;
    for (size_t index = 0; index < training->count; index++) {
        double difference = training->items[index].features[feature] - mean;
        squares += difference * difference;
    }
    double deviation = sqrt(squares / (double)training->count);
    examples *both[] = {training, validation};
    for (size_t part = 0; part < 2; part++) {
        for (size_t index = 0; index < both[part]->count; index++) {
            double *value = &both[part]->items[index].features[feature];
            *value = (*value - mean) / deviation;
        }
    }
}

const char *load(const char *name, examples *training, examples *validation) {
    trialbox_content content = trialbox_data_read(name);
    if (!content.bytes) return trialbox_failure("the study has no data set `%s`", name);
    size_t rows = lines_of(&content);
    training->items = malloc((rows + 1) * sizeof(example));
    validation->items = malloc((rows + 1) * sizeof(example));
    if (!training->items || !validation->items) return trialbox_failure("there is no memory for %zu rows", rows);
    training->count = validation->count = 0;
    char *text = content.bytes;
    for (size_t row = 0; row < rows; row++) {
        examples *part = row % 4 == 0 ? validation : training;
        if (!read_row(&text, &part->items[part->count++])) {
            return trialbox_failure("line %zu of the data set `%s` is not %d numbers", row + 1, name, FEATURES + 1);
        }
    }
    free(content.bytes);
    if (training->count == 0) return trialbox_failure("the data set `%s` has too few rows to learn from", name);
    for (size_t feature = 0; feature < FEATURES; feature++) standardise(training, validation, feature);
    return NULL;
}
