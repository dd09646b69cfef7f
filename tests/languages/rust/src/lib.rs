//! A trial that does what its parameter `mode` says, to compare languages by.

use trialbox_guest::{Arguments, Choice, Reporter, artifact, data, log, report};

#[derive(Arguments)]
struct Training {
    #[choice]
    mode: Mode,
    #[real(1e-3..=1.0, log)]
    rate: f64,
    #[integer(1..=5, default = 2)]
    layers: u32,
    #[boolean]
    bias: bool,
    #[choice]
    optimiser: Optimiser,
    #[nested]
    sizes: Sizes,
    #[constant(9)]
    epochs: u32,
}

#[derive(Choice, Clone, Copy, Debug)]
enum Mode {
    Reports,
    Fails,
    Loops,
    Eats,
    Leaves,
}

#[derive(Choice, Debug)]
enum Optimiser {
    #[choice(name = "0")]
    Momentum {
        #[real(0.0..=0.8)]
        momentum: f64,
    },
    #[choice(name = "1")]
    Plain,
}

#[derive(Arguments)]
struct Sizes {
    #[integer(8..=64, name = "1")]
    second: u32,
}

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 9)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let Training { mode, optimiser, sizes, layers, bias, .. } = &arguments;
    let mode_name = format!("{mode:?}").to_lowercase();
    log!("mode {mode_name}, optimiser {optimiser:?}, sizes {}, layers {layers}, bias {bias}", sizes.second);
    match mode {
        Mode::Reports => {}
        Mode::Fails => return Err("no luck with this configuration".into()),
        Mode::Loops => loop {
            std::hint::black_box(());
        },
        Mode::Eats => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        Mode::Leaves => {
            let mut words = data::read_all("words")?;
            words.push(b'!');
            artifact::save("model.txt", &words);
        }
    }
    let mut random = reporter.random("noise");
    for epoch in 1..=arguments.epochs {
        let accuracy = 1.0 - (arguments.rate - 0.1).abs() - 1.0 / f64::from(epoch);
        report!(reporter, epoch = epoch, accuracy = accuracy, noise = random.uniform());
    }
    Ok(())
}
