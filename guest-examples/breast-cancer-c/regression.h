/* The probability of a label 1 as a function of features. It learns by gradient descent with momentum, batch by batch, and knows nothing of
 * trials. Every sum is written in a fixed order, so that the guests in other languages come to the same numbers. */
#ifndef REGRESSION_H
#define REGRESSION_H

#include "dataset.h"

/* Begins with zeros. */
typedef struct {
    double weights[FEATURES], weight_velocities[FEATURES];
    double bias, bias_velocity;
} logistic_regression;

/* How far and in what way the weights change. */
typedef struct {
    double learning_rate, momentum, weight_decay;
} step;

/* Takes one step against the batch's mean gradient. */
void learn(logistic_regression *model, const example *batch, size_t count, step step);

/* How good a model is. */
typedef struct {
    double accuracy, loss;
} score;

/* The accuracy, and the mean loss, on these rows. */
score judged_by(const logistic_regression *model, const examples *rows);

#endif
