#include "dataset.h"

#include <math.h>
#include <stdlib.h>

#include "trialbox.h"

static size_t lines_of(const trialbox_content *content) {
    size_t lines = 0;
    for (size_t index = 0; index < content->length; index++) lines += content->bytes[index] == '\n';
    return lines;
}

/* Reads a row, and goes on to the next; false if it is none. */
static bool read_row(char **text, float *features, float *target) {
    for (size_t column = 0; column <= FEATURES; column++) {
        char *end;
        double number = trialbox_number(*text, &end);
        if (end == *text || *end != (column < FEATURES ? ',' : '\n')) return false;
        *(column < FEATURES ? &features[column] : target) = (float)number;
        *text = end + 1;
    }
    return true;
}

/* Scales a column, whose numbers lie `width` apart, by its mean and deviation in the first rows. */
static void standardise(float *column, size_t width, size_t first_rows, size_t rows) {
    double mean = 0, squares = 0;
    for (size_t row = 0; row < first_rows; row++) mean += column[row * width];
    mean /= (double)first_rows;
    for (size_t row = 0; row < first_rows; row++) {
        double difference = column[row * width] - mean;
        squares += difference * difference;
    }
    double deviation = sqrt(squares / (double)first_rows);
    for (size_t row = 0; row < rows; row++) column[row * width] = (float)((column[row * width] - mean) / deviation);
}

const char *load(const char *name, dataset *dataset) {
    trialbox_content content = trialbox_data_read(name);
    if (!content.bytes) return trialbox_failure("the study has no data set `%s`", name);
    size_t rows = lines_of(&content), validation_rows = (rows + 3) / 4, training_rows = rows - validation_rows;
    if (training_rows == 0) return trialbox_failure("the data set `%s` has too few rows to learn from", name);
    dataset->features = malloc(rows * FEATURES * sizeof(float));
    dataset->targets = malloc(rows * sizeof(float));
    if (!dataset->features || !dataset->targets) return trialbox_failure("there is no memory for %zu rows", rows);
    dataset->training_rows = training_rows;
    dataset->validation_rows = validation_rows;
    size_t next_training = 0, next_validation = training_rows;
    char *text = content.bytes;
    for (size_t row = 0; row < rows; row++) {
        size_t place = row % 4 == 0 ? next_validation++ : next_training++;
        if (!read_row(&text, &dataset->features[place * FEATURES], &dataset->targets[place])) {
            return trialbox_failure("line %zu of the data set `%s` is not %d numbers", row + 1, name, FEATURES + 1);
        }
    }
    free(content.bytes);
    for (size_t feature = 0; feature < FEATURES; feature++) {
        standardise(&dataset->features[feature], FEATURES, training_rows, rows);
    }
    standardise(dataset->targets, 1, training_rows, rows);
    return NULL;
}
