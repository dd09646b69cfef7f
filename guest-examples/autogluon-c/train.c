/* The example of autogluon.core's documentation, in C. */

#include <math.h>
#include <stdio.h>

#include "trialbox.h"

void trialbox_describe(trialbox_space *space) {
    trialbox_log_scale(trialbox_space_real(space, "lr", 1e-3, 1e-2));
    trialbox_space_real(space, "wd", 1e-3, 1e-2);
    trialbox_space_constant(space, "epochs", 10);
}

static double uniform(double lower, double upper) {
    return lower + (upper - lower) * trialbox_random_real();
}

const char *trialbox_train(const trialbox_args *args) {
    double lr = trialbox_args_real(args, "lr"), wd = trialbox_args_real(args, "wd");
    printf("lr: %g, wd: %g\n", lr, wd);
    for (int64_t e = 0; e < trialbox_args_int(args, "epochs"); e++) {
        double dummy_accuracy = 1 - pow(1.8, -uniform((double)e, (double)(2 * e)));
        trialbox_report(
            trialbox_attribute("epoch", e + 1), trialbox_attribute("accuracy", dummy_accuracy), trialbox_attribute("lr", lr),
            trialbox_attribute("wd", wd));
    }
    return NULL;
}
