//! How fast it is, as ratios within one run where that is possible. Run by `cargo xtask bench`, which builds for
//! release and brings a Postgres; prints a table for the README.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on should say so and stop"
)]

mod decisions;
mod gateways;
mod lists;
mod load;
mod pages;
mod revocation;
mod seed;
mod sign_in;
mod start;

/// One line of the table.
pub struct Row {
    pub what: String,
    pub measured: String,
    pub aim: &'static str,
    /// Whether the aim is met; where there is none, it is.
    pub holds: bool,
}

impl Row {
    pub fn new(what: impl Into<String>, measured: impl Into<String>, aim: &'static str) -> Self {
        Self { what: what.into(), measured: measured.into(), aim, holds: true }
    }

    /// Says whether the aim is met: a run that misses one fails.
    pub fn holding(self, holds: bool) -> Self {
        Self { holds, ..self }
    }
}

fn main() {
    // Cargo passes `--bench`; a name narrows the run.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut rows = Vec::new();
    runtime.block_on(async {
        if "start".contains(&wanted) {
            rows.extend(start::measure().await);
        }
        if "decisions".contains(&wanted) {
            rows.extend(decisions::measure().await);
        }
        if "gateways".contains(&wanted) {
            rows.extend(gateways::measure().await);
        }
        if "revocation".contains(&wanted) {
            rows.extend(revocation::measure().await);
        }
        if "sign-in".contains(&wanted) {
            rows.extend(sign_in::measure().await);
        }
        if "pages".contains(&wanted) {
            rows.extend(pages::measure().await);
        }
        if "lists".contains(&wanted) {
            rows.extend(lists::measure().await);
        }
    });
    println!("\n| what | measured | aim |\n|---|---|---|");
    for Row { what, measured, aim, .. } in &rows {
        println!("| {what} | {measured} | {aim} |");
    }
    let missed: Vec<&str> = rows.iter().filter(|row| !row.holds).map(|row| row.what.as_str()).collect();
    if !missed.is_empty() {
        eprintln!("\nThese miss their aim:\n  {}", missed.join("\n  "));
        std::process::exit(1);
    }
}
