// Adds up the judgements: a work group for those of the training rows and one for those of the validation rows. The order of the
// additions is fixed.

@group(0) @binding(0) var<storage, read> judgements: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> totals: array<vec2<f32>>;

const LANES = 256u;

var<workgroup> sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn tally(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let is_training = group.x == 0u;
    let start = select(TRAINED, 0u, is_training);
    let end = select(arrayLength(&judgements), TRAINED, is_training);
    var sum = vec2<f32>();
    for (var turn = 0u; turn < TALLY_TURNS; turn += 1u) {
        let position = start + turn * LANES + lane;
        if (position < end) {
            sum += judgements[position];
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    // One invocation adds up the rest: a step of many barriers takes some drivers longer to compile than this takes to run.
    if (lane == 0u) {
        var total = sums[0];
        for (var other = 1u; other < LANES; other += 1u) {
            total += sums[other];
        }
        totals[group.x] = total;
    }
}
