//! `model`: temporary driver.
use heartbeat_model::bounds::{Bounds, Moments, Order};
use heartbeat_model::mutant::Mutant;
use heartbeat_model::search::{Effort, Width, search};
use heartbeat_model::story;

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n = |i: usize| a[i].parse::<usize>().unwrap();
    let (bounds, mutant) = match n(1) {
        0 => (Mutant::ALL[n(2)].3, Mutant::ALL[n(2)].0),
        _ => {
            let mut b = Bounds::new(n(1), n(2) as u8, n(3) as u8);
            if a[4] == "any" { b.moments = Moments::Any }
            if a[5] == "any" { b.order = Order::Any }
            (b, Mutant::None)
        }
    };
    let effort = Effort { width: if n(7) == 0 { Width::All } else { Width::Drawn(n(7)) }, calm_one_in: n(8) as u32, most: n(9) };
    let t = std::time::Instant::now();
    let f = search(&bounds, mutant, effort);
    println!("{mutant:?} {bounds}: {} states, {} followed {} steps, depth {}, {:?}, calm {} slowest {} {:.1} s\n{}\nmissing {:?}", f.states, f.followed, f.steps, f.depth, f.exhausted, f.calmed, f.slowest, t.elapsed().as_secs_f32(), f.coverage, f.coverage.missing(&bounds));
    if let Some((law, way)) = f.broken {
        println!("BROKEN {law}\n{}", story::tell(&bounds, mutant, &way));
    }
}
