/* Fits a line to points with noise, by gradient descent: replace it by your own training. */

#include <stdio.h>

#include "trialbox.h"

enum { POINTS = 100 };

typedef struct {
    double x, y;
} point;

void trialbox_describe(trialbox_space *space) {
    trialbox_log_scale(trialbox_space_real(space, "learning_rate", 1e-3, 0.3));
    trialbox_space_int(space, "batch_size", 1, 32);
    trialbox_space_real(space, "momentum", 0, 0.9);
    trialbox_space_constant(space, "epochs", 20);
}

static void shuffle(point *points) {
    for (size_t index = POINTS - 1; index > 0; index--) {
        size_t other = trialbox_random_below(index + 1);
        point kept = points[index];
        points[index] = points[other];
        points[other] = kept;
    }
}

const char *trialbox_train(const trialbox_args *args) {
    double learning_rate = trialbox_args_real(args, "learning_rate"), momentum = trialbox_args_real(args, "momentum");
    int64_t batch_size = trialbox_args_int(args, "batch_size"), epochs = trialbox_args_int(args, "epochs");
    if (batch_size < 1) return trialbox_failure("batch_size must be at least 1, but is %lld", (long long)batch_size);

    /* Random numbers follow from the trial's seed: the same configuration always trains alike. */
    point points[POINTS];
    for (int index = 0; index < POINTS; index++) {
        double x = index / 50.0 - 1;
        points[index] = (point){x, 3 * x + 0.5 + 0.2 * (trialbox_random_real() - 0.5)};
    }
    double slope = 0, offset = 0, slope_step = 0, offset_step = 0;
    for (int64_t epoch = 1; epoch <= epochs; epoch++) {
        shuffle(points);
        for (int64_t start = 0; start < POINTS; start += batch_size) {
            int64_t end = start + batch_size < POINTS ? start + batch_size : POINTS;
            double slope_gradient = 0, offset_gradient = 0;
            for (int64_t index = start; index < end; index++) {
                double error = slope * points[index].x + offset - points[index].y;
                slope_gradient += error * points[index].x;
                offset_gradient += error;
            }
            slope_step = momentum * slope_step - learning_rate * slope_gradient / (double)(end - start);
            offset_step = momentum * offset_step - learning_rate * offset_gradient / (double)(end - start);
            slope += slope_step;
            offset += offset_step;
        }
        double loss = 0;
        for (int index = 0; index < POINTS; index++) {
            double error = slope * points[index].x + offset - points[index].y;
            loss += error * error / POINTS;
        }
        trialbox_report(trialbox_attribute("epoch", epoch), trialbox_attribute("accuracy", 1 / (1 + loss)));
    }
    printf("y = %.3f x + %.3f\n", slope, offset);
    return NULL;
}
