// The kernels of `fit.rs`. `TILE` is defined in front of this text.

// A product of two matrices: product = scale · (left · right − subtrahend). Matrices lie row by row.
struct Shape {
    rows: u32,
    inner: u32,
    columns: u32,
    // Whether `left` lies column by column.
    is_transposed: u32,
    // Whether there is a subtrahend.
    subtracts: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<f32>;
@group(0) @binding(2) var<storage, read> right: array<f32>;
@group(0) @binding(3) var<storage, read> subtrahend: array<f32>;
@group(0) @binding(4) var<storage, read_write> product: array<f32>;

var<workgroup> left_tile: array<f32, TILE * TILE>;
var<workgroup> right_tile: array<f32, TILE * TILE>;

@compute @workgroup_size(TILE, TILE)
fn multiply(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let row = group.y * TILE + local.y;
    let column = group.x * TILE + local.x;
    let place = local.y * TILE + local.x;
    var sum = 0.0;
    for (var start = 0u; start < shape.inner; start += TILE) {
        let left_column = start + local.x;
        let right_row = start + local.y;
        left_tile[place] = 0.0;
        right_tile[place] = 0.0;
        if row < shape.rows && left_column < shape.inner {
            let by_row = row * shape.inner + left_column;
            let by_column = left_column * shape.rows + row;
            left_tile[place] = left[select(by_row, by_column, shape.is_transposed == 1u)];
        }
        if right_row < shape.inner && column < shape.columns {
            right_tile[place] = right[right_row * shape.columns + column];
        }
        workgroupBarrier();
        for (var k = 0u; k < TILE; k += 1u) {
            sum += left_tile[local.y * TILE + k] * right_tile[k * TILE + local.x];
        }
        workgroupBarrier();
    }
    if row < shape.rows && column < shape.columns {
        let at = row * shape.columns + column;
        if shape.subtracts == 1u {
            sum -= subtrahend[at];
        }
        product[at] = shape.scale * sum;
    }
}

// A step of gradient descent with momentum.
override learning_rate: f32;
override momentum: f32;

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn descend(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < arrayLength(&weights) {
        velocity[id.x] = momentum * velocity[id.x] + gradient[id.x];
        weights[id.x] -= learning_rate * velocity[id.x];
    }
}

// The mean of the squares, by one work group.
@group(0) @binding(0) var<storage, read> residual: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn mean_square(@builtin(local_invocation_index) index: u32) {
    var sum = 0.0;
    for (var place = index; place < arrayLength(&residual); place += 64u) {
        sum += residual[place] * residual[place];
    }
    partial[index] = sum;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if index < half {
            partial[index] += partial[index + half];
        }
        workgroupBarrier();
    }
    if index == 0u {
        mean[0] = partial[0] / f32(arrayLength(&residual));
    }
}
