// The outputs for the rows of a batch, how good they are, and the loss's derivative by them: a work group for each row, an invocation
// for each digit.

@group(0) @binding(0) var<storage, read> order: array<u32>;
@group(0) @binding(1) var<storage, read> place: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> units: array<f32>;
@group(0) @binding(5) var<storage, read_write> slopes: array<f32>;
// For each place in the order: the loss, and 1 if the most probable digit is the right one.
@group(0) @binding(6) var<storage, read_write> judgements: array<vec2<f32>>;

var<workgroup> outputs: array<f32, CLASSES>;

@compute @workgroup_size(CLASSES)
fn judge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) digit: u32) {
    let row = group.x;
    let first_weight = OUTPUT_WEIGHTS + digit * (HIDDEN + 1u);
    var sum = weights[first_weight + HIDDEN];
    for (var unit = 0u; unit < HIDDEN; unit += 1u) {
        sum += units[row * HIDDEN + unit] * weights[first_weight + unit];
    }
    outputs[digit] = sum;
    workgroupBarrier();

    var best = 0u;
    for (var other = 1u; other < CLASSES; other += 1u) {
        if (outputs[other] > outputs[best]) {
            best = other;
        }
    }
    let largest = outputs[best];
    var total = 0.0;
    for (var other = 0u; other < CLASSES; other += 1u) {
        total += exp(outputs[other] - largest);
    }
    let position = place[NEXT] + row;
    let is_right = digit == labels[order[position]];
    slopes[row * CLASSES + digit] = exp(sum - largest) / total - select(0.0, 1.0, is_right);
    if (is_right) {
        judgements[position] = vec2<f32>(log(total) - (sum - largest), select(0.0, 1.0, best == digit));
    }
}
