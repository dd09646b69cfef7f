#include "regression.h"

#include <stdio.h>
#include <stdlib.h>

#include "trialbox.h"

/* Invocations of a work group. */
enum { GROUP = 64 };

/* How far the model is off in each row: an invocation for each. */
static const char predict_source[] =
    "@group(0) @binding(0) var<storage, read> features: array<f32>;\n"
    "@group(0) @binding(1) var<storage, read> targets: array<f32>;\n"
    "@group(0) @binding(2) var<storage, read> weights: array<f32>;\n"
    "@group(0) @binding(3) var<storage, read_write> residuals: array<f32>;\n"
    "\n"
    "@compute @workgroup_size(GROUP)\n"
    "fn predict(@builtin(global_invocation_id) id: vec3<u32>) {\n"
    "    if (id.x >= arrayLength(&residuals)) {\n"
    "        return;\n"
    "    }\n"
    "    var sum = weights[FEATURES];\n"
    "    for (var feature = 0u; feature < FEATURES; feature += 1u) {\n"
    "        sum += weights[feature] * features[id.x * FEATURES + feature];\n"
    "    }\n"
    "    residuals[id.x] = sum - targets[id.x];\n"
    "}\n";

/* The gradient by a weight, and what becomes of it: a work group for each weight. Each invocation adds up some of the rows, one of them adds up
 * these sums, always in the same order. */
static const char descend_source[] =
    "struct Step {\n"
    "    learning_rate: f32,\n"
    "    momentum: f32,\n"
    "    weight_decay: f32,\n"
    "}\n"
    "\n"
    "@group(0) @binding(0) var<uniform> step_size: Step;\n"
    "@group(0) @binding(1) var<storage, read> features: array<f32>;\n"
    "@group(0) @binding(2) var<storage, read> residuals: array<f32>;\n"
    "@group(0) @binding(3) var<storage, read_write> weights: array<f32>;\n"
    "@group(0) @binding(4) var<storage, read_write> velocities: array<f32>;\n"
    "\n"
    "var<workgroup> sums: array<f32, GROUP>;\n"
    "\n"
    "@compute @workgroup_size(GROUP)\n"
    "fn descend(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {\n"
    "    let index = group.x;\n"
    "    var sum = 0.0;\n"
    "    for (var turn = 0u; turn < TURNS; turn += 1u) {\n"
    "        let row = turn * GROUP + lane;\n"
    "        if (row < TRAINING_ROWS) {\n"
    "            sum += residuals[row] * select(features[row * FEATURES + index], 1.0, index == FEATURES);\n"
    "        }\n"
    "    }\n"
    "    sums[lane] = sum;\n"
    "    workgroupBarrier();\n"
    "    if (lane == 0u) {\n"
    "        var total = 0.0;\n"
    "        for (var other = 0u; other < GROUP; other += 1u) {\n"
    "            total += sums[other];\n"
    "        }\n"
    "        let weight = weights[index];\n"
    "        let slope = total / f32(TRAINING_ROWS) + step_size.weight_decay * weight;\n"
    "        let velocity = step_size.momentum * velocities[index] - step_size.learning_rate * slope;\n"
    "        velocities[index] = velocity;\n"
    "        weights[index] = weight + velocity;\n"
    "    }\n"
    "}\n";

/* Compiles a source with the sizes behind it, so that its lines keep their numbers. Sizes are constants, from which the cost of a kernel is
 * estimated before it runs. */
static const char *make_kernel(
    linear_model *model, const char *source, const char *entry_point, const gpu_buffer *buffers, size_t count,
    gpu_kernel *kernel) {
    char *text;
    size_t turns = (model->training_rows + GROUP - 1) / GROUP;
    int length = asprintf(
        &text, "%sconst GROUP = %du;\nconst FEATURES = %du;\nconst TRAINING_ROWS = %zuu;\nconst TURNS = %zuu;\n", source, GROUP,
        FEATURES, model->training_rows, turns);
    if (length < 0) return trialbox_failure("there is no memory for a kernel");
    const char *problem = gpu_make_kernel(&model->gpu, text, entry_point, buffers, count, kernel);
    free(text);
    return problem;
}

const char *begin(linear_model *model, const dataset *dataset, step step) {
    size_t rows = dataset->training_rows + dataset->validation_rows;
    model->training_rows = dataset->training_rows;
    model->validation_rows = dataset->validation_rows;
    model->squares = 0;
    for (size_t row = dataset->training_rows; row < rows; row++) {
        model->squares += (double)dataset->targets[row] * dataset->targets[row];
    }
    const char *problem = gpu_open(&model->gpu);
    if (problem) return problem;

    // A uniform variable has a multiple of 16 bytes.
    float step_size[4] = {step.learning_rate, step.momentum, step.weight_decay};
    size_t staging_bytes = sizeof(float) * (rows > WEIGHTS ? rows : WEIGHTS);
    gpu_buffer features, targets, velocities, uniform;
    struct {
        gpu_usage usage;
        const void *bytes;
        size_t length;
        gpu_buffer *buffer;
    } buffers[] = {
        {GPU_UNIFORM, step_size, sizeof step_size, &uniform},
        {GPU_STORAGE, dataset->features, sizeof(float) * rows * FEATURES, &features},
        {GPU_STORAGE, dataset->targets, sizeof(float) * rows, &targets},
        {GPU_STORAGE, NULL, sizeof(float) * rows, &model->residuals},
        {GPU_STORAGE, NULL, sizeof(float) * WEIGHTS, &model->weights},
        {GPU_STORAGE, NULL, sizeof(float) * WEIGHTS, &velocities},
        {GPU_STAGING, NULL, staging_bytes, &model->staging},
    };
    for (size_t index = 0; index < sizeof buffers / sizeof *buffers; index++) {
        problem = gpu_make_buffer(
            &model->gpu, buffers[index].usage, buffers[index].bytes, buffers[index].length, buffers[index].buffer);
        if (problem) return problem;
    }

    gpu_buffer of_predict[] = {features, targets, model->weights, model->residuals};
    gpu_buffer of_descend[] = {uniform, features, model->residuals, model->weights, velocities};
    problem = make_kernel(model, predict_source, "predict", of_predict, 4, &model->predict);
    return problem ? problem : make_kernel(model, descend_source, "descend", of_descend, 5, &model->descend);
}

/* How far the model is off in all rows. */
static gpu_dispatch prediction(const linear_model *model) {
    size_t rows = model->training_rows + model->validation_rows;
    return (gpu_dispatch){&model->predict, (uint32_t)((rows + GROUP - 1) / GROUP)};
}

const char *learn(linear_model *model) {
    gpu_dispatch work[] = {prediction(model), {&model->descend, WEIGHTS}};
    return gpu_submit(&model->gpu, work, 2);
}

const char *judge(linear_model *model, double *reward) {
    gpu_dispatch work = prediction(model);
    const char *problem = gpu_submit(&model->gpu, &work, 1);
    if (problem) return problem;
    size_t bytes = sizeof(float) * model->validation_rows;
    float *residuals = malloc(bytes);
    if (!residuals) return trialbox_failure("there is no memory for %zu residuals", model->validation_rows);
    problem = gpu_read(
        &model->gpu, model->residuals, sizeof(float) * model->training_rows, model->staging, residuals, bytes);
    double squares = 0;
    for (size_t row = 0; row < model->validation_rows && !problem; row++) squares += (double)residuals[row] * residuals[row];
    free(residuals);
    *reward = 1 - squares / model->squares;
    return problem;
}

const char *read_weights(linear_model *model, float weights[WEIGHTS]) {
    return gpu_read(&model->gpu, model->weights, 0, model->staging, weights, sizeof(float) * WEIGHTS);
}
