#include "regression.h"

#include <math.h>
#include <stdbool.h>

/* Where log(1 + exp(x)) is x but for the last bits, and exp(x) is soon too large for a number. */
static const double linear_beyond = 30;

static double log_odds_of(const logistic_regression *model, const example *row) {
    double log_odds = model->bias;
    for (size_t index = 0; index < FEATURES; index++) log_odds += model->weights[index] * row->features[index];
    return log_odds;
}

void learn(logistic_regression *model, const example *batch, size_t count, step step) {
    double gradient[FEATURES] = {0}, bias_gradient = 0;
    for (size_t row = 0; row < count; row++) {
        double residual = 1 / (1 + exp(-log_odds_of(model, &batch[row]))) - batch[row].label;
        for (size_t index = 0; index < FEATURES; index++) gradient[index] += residual * batch[row].features[index];
        bias_gradient += residual;
    }
    for (size_t index = 0; index < FEATURES; index++) {
        double slope = gradient[index] / (double)count + step.weight_decay * model->weights[index];
        model->weight_velocities[index] = step.momentum * model->weight_velocities[index] - step.learning_rate * slope;
        model->weights[index] += model->weight_velocities[index];
    }
    model->bias_velocity = step.momentum * model->bias_velocity - step.learning_rate * (bias_gradient / (double)count);
    model->bias += model->bias_velocity;
}

/* log(1 + exp(x)) */
static double softplus(double x) {
    return x > linear_beyond ? x : log(1 + exp(x));
}

score judged_by(const logistic_regression *model, const examples *rows) {
    double right = 0, loss = 0;
    for (size_t row = 0; row < rows->count; row++) {
        double log_odds = log_odds_of(model, &rows->items[row]);
        bool is_benign = rows->items[row].label == 1;
        right += (log_odds > 0) == is_benign;
        loss += softplus(is_benign ? -log_odds : log_odds);
    }
    return (score){right / (double)rows->count, loss / (double)rows->count};
}
