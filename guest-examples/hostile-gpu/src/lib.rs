//! Everything that a trial can do to harm with a GPU, beside good work: one mode for each.
//!
//! A mode that the host answers reports the share of its expectations that were met, and its log says which; others never come to
//! a report, since the host ends them. Whoever runs them sets short limits.

// It calls the interface itself, which exists in a component only.
#![cfg(target_family = "wasm")]

mod compiling;
mod flooding;
mod hoarding;
mod lab;
mod misusing;
mod running;

use trialbox_guest::{Arguments, Choice, Reporter, report};

use crate::lab::{Findings, Lab};

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[choice]
    mode: Mode,
}

/// What a mode does with a device.
type Act = fn(&Lab, &mut Findings);

macro_rules! modes {
    ($($name:ident = $act:path;)+) => {
        /// What the trial does: see the function of each.
        #[derive(Choice, Clone, Copy)]
        enum Mode {
            $($name,)+
            /// See [`running::honest_steps`].
            HonestSteps,
        }

        impl Mode {
            /// The function; none of what reports by itself.
            fn act(self) -> Option<Act> {
                match self {
                    $(Self::$name => Some($act),)+
                    Self::HonestSteps => None,
                }
            }
        }
    };
}

modes! {
    Honest = running::honest;
    HonestBacklog = running::honest_backlog;
    OutOfBoundsRead = running::out_of_bounds_read;
    OutOfBoundsWrite = running::out_of_bounds_write;
    Endless = running::endless;
    LongLoop = running::long_loop;
    EndlessUnawaited = running::endless_unawaited;
    EndlessDropped = running::endless_dropped;
    EndlessDroppedThenGood = running::endless_dropped_then_good;
    EndlessBehindRefusal = running::endless_behind_refusal;
    EndlessDestroyed = running::endless_destroyed;
    EndlessMany = running::endless_many;
    DivergentBarrier = running::divergent_barrier;
    DivergentExit = running::divergent_exit;
    DispatchCubed = running::dispatch_cubed;
    DispatchPastDimension = running::dispatch_past_dimension;
    SpinRead = running::spin_read;
    BufferTooLarge = hoarding::buffer_too_large;
    BuffersUntilMemory = hoarding::buffers_until_memory;
    BuffersBoundAndDropped = hoarding::buffers_bound_and_dropped;
    BuffersOfManyDevices = hoarding::buffers_of_many_devices;
    BuffersKept = hoarding::buffers_kept;
    BuffersDropped = hoarding::buffers_dropped;
    BuffersMapped = hoarding::buffers_mapped;
    WritesUnsubmitted = hoarding::writes_unsubmitted;
    MessagesKept = hoarding::messages_kept;
    PassesKept = hoarding::passes_kept;
    ShadersKept = hoarding::shaders_kept;
    PipelinesKept = hoarding::pipelines_kept;
    ErrorsKept = hoarding::errors_kept;
    EncodersKept = hoarding::encoders_kept;
    DevicesMany = hoarding::devices_many;
    ScopesMillion = flooding::scopes_million;
    ScopesUnbalanced = flooding::scopes_unbalanced;
    LabelsOfMegabytes = flooding::labels_of_megabytes;
    UncaughtErrors = flooding::uncaught_errors;
    CommandsMany = flooding::commands_many;
    CommandsFew = flooding::commands_few;
    ReadBacksTooMany = flooding::read_backs_too_many;
    ReadBackTooLarge = flooding::read_back_too_large;
    WgslTooLong = compiling::too_long;
    WgslJustUnder = compiling::just_under;
    WgslInvalid = compiling::invalid;
    WgslDeep = compiling::deep;
    WgslSlow = compiling::slow;
    WgslSlowChain = compiling::slow_chain;
    WgslSlowLoops = compiling::slow_loops;
    WgslSlowSwitch = compiling::slow_switch;
    WorkgroupMemory = compiling::workgroup_memory;
    EntryPointMissing = compiling::entry_point_missing;
    ConstantsGarbage = compiling::constants_garbage;
    UseAfterDestroy = misusing::use_after_destroy;
    MapWhileMapped = misusing::map_while_mapped;
    MapOutOfRange = misusing::map_out_of_range;
    SubmitWhileMapped = misusing::submit_while_mapped;
    UnmapUnmapped = misusing::unmap_unmapped;
    SubmitTwice = misusing::submit_twice;
    EncoderMisuse = misusing::encoder_misuse;
    ForeignDevice = misusing::foreign_device;
    DeviceDestroyed = misusing::device_destroyed;
    LostWithoutDestroy = misusing::lost_without_destroy;
    BindGroupsWrong = misusing::bind_groups_wrong;
    OffsetsGarbage = misusing::offsets_garbage;
    CopiesGarbage = misusing::copies_garbage;
    LayoutsGarbage = misusing::layouts_garbage;
}

#[trialbox_guest::train(reward_attr = "reward", time_attr = "step", max_t = 1_000)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let lab = Lab::open()?;
    let mut findings = Findings::default();
    match arguments.mode.act() {
        Some(act) => act(&lab, &mut findings),
        None => running::honest_steps(&lab, &mut findings, reporter),
    }
    report!(reporter, step = 1_000, reward = findings.reward());
    Ok(())
}
