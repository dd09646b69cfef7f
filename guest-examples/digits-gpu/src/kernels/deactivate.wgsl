// The loss's derivative by the sums of the hidden units, for the rows of a batch: an invocation for each row and unit.

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> units: array<f32>;
@group(0) @binding(2) var<storage, read> slopes: array<f32>;
@group(0) @binding(3) var<storage, read_write> unit_slopes: array<f32>;
@group(0) @binding(4) var<storage, read_write> place: array<u32>;

@compute @workgroup_size(64)
fn deactivate(@builtin(global_invocation_id) id: vec3<u32>) {
    // The order is gone on in here, as no other invocation of this kernel looks at it.
    if (id.x == 0u) {
        place[CURRENT] = place[NEXT];
        place[NEXT] += BATCH;
    }
    if (id.x >= BATCH * HIDDEN) {
        return;
    }
    let first_slope = id.x / HIDDEN * CLASSES;
    let unit = id.x % HIDDEN;
    var slope = 0.0;
    for (var digit = 0u; digit < CLASSES; digit += 1u) {
        slope += slopes[first_slope + digit] * weights[OUTPUT_WEIGHTS + digit * (HIDDEN + 1u) + unit];
    }
    let given = units[id.x];
    if (IS_RELU) {
        unit_slopes[id.x] = select(0.0, slope, given > 0.0);
    } else {
        unit_slopes[id.x] = slope * (1.0 - given * given);
    }
}
