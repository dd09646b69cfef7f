//! What work on a GPU costs in fuel: a pinned model, so that virtual time is the same on every device.
//!
//! The prices stand for a device that does some hundred operations in a nanosecond; a real one may be faster or slower, and the study
//! does not depend on it. A change of any number, or of how a shader's operations are counted, is a new version
//! ([`GPU_COST_MODEL`](crate::study::GPU_COST_MODEL)).

use super::message::PipelineCost;

/// Opening a device.
pub(crate) const DEVICE_FUEL: u64 = 10_000_000;
/// Creating a buffer, a layout, a bind group.
pub(crate) const OBJECT_FUEL: u64 = 2_000;
/// Making a pipeline of a shader.
pub(crate) const PIPELINE_FUEL: u64 = 1_000_000;
/// A submission.
pub(crate) const SUBMISSION_FUEL: u64 = 20_000;
/// A command in a submission.
pub(crate) const COMMAND_FUEL: u64 = 1_000;
/// A wait for the device.
pub(crate) const WAIT_FUEL: u64 = 20_000;
/// Each byte of a shader's source.
const SOURCE_BYTE_FUEL: u64 = 200;
/// How many bytes are copied on the device for a unit of fuel.
const COPIED_BYTES_PER_FUEL: u64 = 64;
/// How many operations are done for a unit of fuel.
const OPERATIONS_PER_FUEL: u64 = 256;

/// Translating a shader.
pub(crate) fn shader(source_bytes: u64) -> u64 {
    source_bytes.saturating_mul(SOURCE_BYTE_FUEL).saturating_add(OBJECT_FUEL)
}

/// Copying or clearing on the device, which also makes a new buffer of zeros.
pub(crate) fn copy(bytes: u64) -> u64 {
    COMMAND_FUEL.saturating_add(bytes / COPIED_BYTES_PER_FUEL)
}

/// A dispatch of so many work groups.
pub(crate) fn dispatch(pipeline: PipelineCost, groups: [u32; 3]) -> u64 {
    let operations = groups
        .into_iter()
        .fold(u128::from(pipeline.operations_per_group), |product, count| product.saturating_mul(u128::from(count)));
    let fuel = operations / u128::from(OPERATIONS_PER_FUEL);
    COMMAND_FUEL.saturating_add(u64::try_from(fuel).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_what_they_were_when_studies_were_recorded() {
        let pipeline = PipelineCost { operations_per_group: 64 * 100 };
        assert_eq!(dispatch(pipeline, [10, 2, 1]), 1_000 + 64 * 100 * 20 / 256);
        assert_eq!(dispatch(pipeline, [0, 1, 1]), 1_000);
        assert_eq!((copy(1 << 20), shader(1_000)), (1_000 + 16_384, 202_000));
    }

    #[test]
    fn what_no_device_could_do_costs_more_than_any_limit() {
        let pipeline = PipelineCost { operations_per_group: u64::MAX };
        assert_eq!(dispatch(pipeline, [u32::MAX; 3]), u64::MAX);
    }
}
