/* The data set, read and standardised. */
#ifndef DATASET_H
#define DATASET_H

#include <stddef.h>

enum { FEATURES = 30 };

/* A row: what was measured of a tumour, and what it was: 0 for malignant, 1 for benign. */
typedef struct {
    double features[FEATURES];
    double label;
} example;

typedef struct {
    example *items;
    size_t count;
} examples;

/* Gives the examples to learn from, and those to judge by: the rows whose number, from 0, is a multiple of 4. NULL, or what is wrong. */
const char *load(const char *name, examples *training, examples *validation);

#endif
