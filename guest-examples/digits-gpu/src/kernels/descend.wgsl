// Changes the weights by their gradient over a batch, with momentum: an invocation for each weight, which adds up the rows in their
// order.

struct Step {
    learning_rate: f32,
    momentum: f32,
    weight_decay: f32,
}

@group(0) @binding(0) var<uniform> step_size: Step;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> place: array<u32>;
@group(0) @binding(3) var<storage, read> pixels: array<f32>;
@group(0) @binding(4) var<storage, read> units: array<f32>;
@group(0) @binding(5) var<storage, read> slopes: array<f32>;
@group(0) @binding(6) var<storage, read> unit_slopes: array<f32>;
@group(0) @binding(7) var<storage, read_write> weights: array<f32>;
@group(0) @binding(8) var<storage, read_write> velocities: array<f32>;

@compute @workgroup_size(64)
fn descend(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= arrayLength(&weights)) {
        return;
    }
    var sum: f32;
    if (id.x < OUTPUT_WEIGHTS) {
        sum = hidden_gradient(id.x / (INPUTS + 1u), id.x % (INPUTS + 1u));
    } else {
        let index = id.x - OUTPUT_WEIGHTS;
        sum = output_gradient(index / (HIDDEN + 1u), index % (HIDDEN + 1u));
    }
    let weight = weights[id.x];
    let slope = sum / f32(BATCH) + step_size.weight_decay * weight;
    let velocity = step_size.momentum * velocities[id.x] - step_size.learning_rate * slope;
    velocities[id.x] = velocity;
    weights[id.x] = weight + velocity;
}

// The gradient by the weight of a hidden unit and an input. The input behind the last pixel is always 1: its weight is the bias.
fn hidden_gradient(unit: u32, input: u32) -> f32 {
    let start = place[CURRENT];
    let is_bias = input == INPUTS;
    var sum = 0.0;
    for (var row = 0u; row < BATCH_TURNS; row += 1u) {
        if (row < BATCH) {
            let pixel = select(pixels[order[start + row] * INPUTS + input], 1.0, is_bias);
            sum += unit_slopes[row * HIDDEN + unit] * pixel;
        }
    }
    return sum;
}

// The gradient by the weight of a digit and a hidden unit. The unit behind the last always gives 1.
fn output_gradient(digit: u32, unit: u32) -> f32 {
    let is_bias = unit == HIDDEN;
    var sum = 0.0;
    for (var row = 0u; row < BATCH_TURNS; row += 1u) {
        if (row < BATCH) {
            let given = select(units[row * HIDDEN + unit], 1.0, is_bias);
            sum += slopes[row * CLASSES + digit] * given;
        }
    }
    return sum;
}
