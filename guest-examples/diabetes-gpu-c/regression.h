/* A linear model that is fitted on the GPU by gradient descent with momentum. It knows nothing of trials. */
#ifndef REGRESSION_H
#define REGRESSION_H

#include "dataset.h"
#include "gpu.h"

/* For each feature a weight, then the bias. */
enum { WEIGHTS = FEATURES + 1 };

/* How far and in what way the weights change. */
typedef struct {
    float learning_rate, momentum, weight_decay;
} step;

/* A model with the data that it is fitted to, both on the GPU. */
typedef struct {
    gpu gpu;
    gpu_buffer residuals, weights, staging;
    gpu_kernel predict, descend;
    size_t training_rows, validation_rows;
    /* The sum of the squares of the targets that the model is judged by. */
    double squares;
} linear_model;

/* Puts a model whose weights are zero on the GPU. NULL, or what is wrong, as with all functions below. */
const char *begin(linear_model *model, const dataset *dataset, step step);

/* Takes one step against the mean gradient over all rows to learn from. */
const char *learn(linear_model *model);

/* How good the model is on the other rows: the share of the targets' variance that it explains, 1 at best. */
const char *judge(linear_model *model, double *reward);

const char *read_weights(linear_model *model, float weights[WEIGHTS]);

#endif
