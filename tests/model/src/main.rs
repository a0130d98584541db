//! `model`: runs the check (temporary driver).
use heartbeat_model::bounds::{Bounds, Moments, Order};
use heartbeat_model::mutant::Mutant;
use heartbeat_model::search::{Width, search};
use heartbeat_model::step::Kind;
use heartbeat_model::story;

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n = |i: usize| a[i].parse::<usize>().unwrap();
    let kinds: &'static [Kind] = if a[6] == "all" { Kind::ALL } else {
        let v: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| a[6].split(',').any(|x| format!("{k:?}") == x)).collect();
        v.leak()
    };
    let bounds = Bounds { nodes: n(1), faults: n(2) as u8, tricks: n(3) as u8, kinds,
        moments: if a[4] == "any" { Moments::Any } else { Moments::Quiet },
        order: if a[5] == "any" { Order::Any } else { Order::Sent } };
    let mutant = match n(8) { 0 => Mutant::None, i => Mutant::ALL[i - 1].0 };
    let t = std::time::Instant::now();
    let f = search(&bounds, mutant, if n(7) == 0 { Width::All } else { Width::Drawn(n(7)) });
    println!("{:?} {} states, {} steps, depth {}, {:?}, {:.1} s\n{}\nmissing {:?}", mutant, f.states, f.steps, f.depth, f.exhausted, t.elapsed().as_secs_f32(), f.coverage, f.coverage.missing(&bounds));
    if let Some((law, way)) = f.broken {
        println!("BROKEN {}\n{}", law.label(), story::tell(&bounds, mutant, &way));
    }
}
