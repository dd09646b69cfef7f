/* The data set, read and standardised. */
#ifndef DATASET_H
#define DATASET_H

#include <stddef.h>

enum { FEATURES = 10 };

/* What was measured of patients, and how far their disease had gone a year later. First come the rows to learn from, then those to judge
 * by: those whose number, from 0, is a multiple of 4. All columns have mean 0 and deviation 1 in the rows to learn from. */
typedef struct {
    /* `FEATURES` numbers for each row. */
    float *features;
    /* A number for each row. */
    float *targets;
    size_t training_rows, validation_rows;
} dataset;

/* NULL, or what is wrong. */
const char *load(const char *name, dataset *dataset);

#endif
