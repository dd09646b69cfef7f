/* Linear regression on diabetes data, fitted on a GPU by the interface `wasi:webgpu` itself.
 *
 * This file is the training function. It reads the data set by `dataset.c`, fits the model of `regression.c`, whose kernels run by `gpu.c`, reports
 * after each step how good the model is on the validation rows, and leaves its weights as `model.csv`. */

#include <stdio.h>
#include <string.h>

#include "regression.h"
#include "trialbox.h"

void trialbox_describe(trialbox_space *space) {
    trialbox_reward_attr(space, "reward");
    trialbox_time_attr(space, "step");
    trialbox_max_t(space, 60);
    trialbox_default(trialbox_log_scale(trialbox_space_real(space, "learning_rate", 0.001, 1)), 0.1);
    trialbox_default(trialbox_space_real(space, "momentum", 0, 0.99), 0.8);
    trialbox_default(trialbox_log_scale(trialbox_space_real(space, "weight_decay", 0.0001, 1)), 0.01);
    trialbox_space_constant(space, "steps", 60);
}

/* Nine digits tell all numbers of this kind apart. */
static void save_number(float number) {
    char line[40];
    snprintf(line, sizeof line, "%.9g\n", number);
    trialbox_artifact_append("model.csv", line, strlen(line));
}

const char *trialbox_train(const trialbox_args *args) {
    step size = {
        .learning_rate = (float)trialbox_args_real(args, "learning_rate"),
        .momentum = (float)trialbox_args_real(args, "momentum"),
        .weight_decay = (float)trialbox_args_real(args, "weight_decay"),
    };
    dataset dataset;
    linear_model model;
    const char *problem = load("diabetes", &dataset);
    if (!problem) problem = begin(&model, &dataset, size);
    if (problem) return problem;

    int64_t steps = trialbox_args_int(args, "steps");
    for (int64_t step = 1; step <= steps; step++) {
        double reward;
        problem = learn(&model);
        if (!problem) problem = judge(&model, &reward);
        if (problem) return problem;
        trialbox_report(trialbox_attribute("step", step), trialbox_attribute("reward", reward));
    }
    float weights[WEIGHTS];
    problem = read_weights(&model, weights);
    if (problem) return problem;
    for (size_t index = 0; index < WEIGHTS; index++) save_number(weights[index]);
    return NULL;
}
