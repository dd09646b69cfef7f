/* Logistic regression on breast cancer data, from scratch: the same problem and results as in other languages.
 *
 * This file is the training function. It reads the data set by `dataset.c`, trains the model of `regression.c` in an order that `generator.c`
 * draws, reports after each epoch how good the model is on the validation rows, and leaves its weights as `model.csv`. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "regression.h"
#include "trialbox.h"

void trialbox_describe(trialbox_space *space) {
    trialbox_reward_attr(space, "accuracy");
    trialbox_time_attr(space, "epoch");
    trialbox_max_t(space, 20);
    trialbox_default(trialbox_log_scale(trialbox_space_real(space, "learning_rate", 0.001, 1)), 0.03);
    trialbox_default(trialbox_log_scale(trialbox_space_real(space, "weight_decay", 0.000001, 0.1)), 0.0001);
    trialbox_default(trialbox_space_real(space, "momentum", 0, 0.99), 0.9);
    trialbox_default(trialbox_log_scale(trialbox_space_int(space, "batch_size", 4, 128)), 32);
    trialbox_space_constant(space, "epochs", 20);
}

/* One pass over the rows; the last batch may be shorter. */
static void learn_from_all(logistic_regression *model, const examples *rows, size_t batch_size, step step) {
    for (size_t start = 0; start < rows->count; start += batch_size) {
        size_t left = rows->count - start;
        learn(model, &rows->items[start], left < batch_size ? left : batch_size, step);
    }
}

/* A line with the shortest decimal that reads back equal. */
static void save_number(double number) {
    char line[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(line, sizeof line, "%.*g\n", digits, number);
        if (strtod(line, NULL) == number) break;
    }
    trialbox_artifact_append("model.csv", line, strlen(line));
}

const char *trialbox_train(const trialbox_args *args) {
    step step = {
        .learning_rate = trialbox_args_real(args, "learning_rate"),
        .momentum = trialbox_args_real(args, "momentum"),
        .weight_decay = trialbox_args_real(args, "weight_decay"),
    };
    int64_t batch_size = trialbox_args_int(args, "batch_size"), epochs = trialbox_args_int(args, "epochs");
    if (batch_size < 1) return trialbox_failure("batch_size must be at least 1, but is %lld", (long long)batch_size);

    examples training, validation;
    const char *problem = load("breast-cancer", &training, &validation);
    if (problem) return problem;

    generator generator = {(uint32_t)trialbox_args_seed(args)};
    logistic_regression model = {0};
    for (int64_t epoch = 1; epoch <= epochs; epoch++) {
        shuffle(&generator, &training);
        learn_from_all(&model, &training, (size_t)batch_size, step);
        score score = judged_by(&model, &validation);
        trialbox_report(
            trialbox_attribute("epoch", epoch), trialbox_attribute("accuracy", score.accuracy),
            trialbox_attribute("loss", score.loss));
    }
    for (size_t index = 0; index < FEATURES; index++) save_number(model.weights[index]);
    save_number(model.bias);
    return NULL;
}
