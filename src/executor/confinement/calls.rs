//! The system calls that remain, by seccomp.
//!
//! A list of what running guests takes; everything else fails with "operation not permitted". Calls that no flaw of ours makes, only somebody
//! who has taken the process over, end the process at once: starting programs and processes, sockets, looking into other processes,
//! talking to the kernel's rarer parts. The driver sees a lost worker then, and its trial has crashed if it does that twice.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

use super::Purpose;

/// Memory, time, threads that exist, and descriptors that are open. The numbers are those of this architecture.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mincore,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
];

/// What nothing but an attack calls.
const DEADLY: &[i64] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_add_key,
    libc::SYS_bind,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_connect,
    libc::SYS_delete_module,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_kill,
    libc::SYS_listen,
    libc::SYS_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_open,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_tkill,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
];

/// Filters the calls of all threads of this process; false if the kernel does not.
pub(super) fn filter(purpose: Purpose) -> bool {
    // Where filters disagree the kernel takes the sternest. After the last one no further can be set.
    let mut filters = vec![deadly(), without_clone3()];
    // What the driver of a GPU asks of the system differs from one to the next; of attacks there is one list.
    if purpose != Purpose::Gpu {
        filters.push(allowing(purpose));
    }
    filters.into_iter().all(|filter| filter.is_ok_and(|filter| apply_filter_all_threads(&filter).is_ok()))
}

/// Denies whatever is not listed.
fn allowing(purpose: Purpose) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // What becomes of this one is another filter's to say.
    rules.insert(libc::SYS_clone3, Vec::new());
    // To end itself the process signals itself; any other is none of its business.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![condition(0, SeccompCmpOp::Eq, own)?])?]);
    match purpose {
        Purpose::Compiler | Purpose::SoftwareGpu | Purpose::Gpu => {
            let is_thread = condition(0, SeccompCmpOp::MaskedEq(THREAD), THREAD)?;
            rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_thread])?]);
            rules.insert(libc::SYS_mmap, Vec::new());
            rules.insert(libc::SYS_mprotect, Vec::new());
        }
        // All code that is to run is there: no more memory becomes code.
        Purpose::Guests | Purpose::GuestsOnGpu => {
            for call in [libc::SYS_mmap, libc::SYS_mprotect] {
                let is_no_code = condition(2, SeccompCmpOp::MaskedEq(CODE), 0)?;
                rules.insert(call, vec![SeccompRule::new(vec![is_no_code])?]);
            }
        }
    }
    program(rules, SeccompAction::Errno(libc::EPERM.cast_unsigned()), SeccompAction::Allow)
}

/// Ends the process for what only an attack calls.
fn deadly() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DEADLY.iter().map(|call| (*call, Vec::new())).collect();
    let is_process = condition(0, SeccompCmpOp::MaskedEq(THREAD), 0)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_process])?]);
    program(rules, SeccompAction::Allow, SeccompAction::KillProcess)
}

/// Has the newer call that starts threads look unknown: what it is asked for lies in memory, where no filter sees it. The C
/// library then uses the older one.
fn without_clone3() -> Result<BpfProgram, BackendError> {
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    program(rules, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.cast_unsigned()))
}

const THREAD: u64 = libc::CLONE_THREAD.cast_unsigned() as u64;
const CODE: u64 = libc::PROT_EXEC.cast_unsigned() as u64;

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value)
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, otherwise, listed, architecture)?.try_into()
}
