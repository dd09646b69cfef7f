//! The program `trialbox`.

fn main() -> std::process::ExitCode {
    trialbox::executor::run_as_worker_if_asked();
    trialbox::cli::main()
}
