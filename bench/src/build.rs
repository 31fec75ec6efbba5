//! What compiling costs: ours and kafka-protocol, each as the one dependency of an empty package.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{self, run};

/// A crate to be built.
struct Subject {
    name: &'static str,
    /// As a dependency, with its codecs.
    whole: String,
    /// The same without them.
    without_codecs: String,
}

/// What its build took.
struct Cost {
    user_seconds: f64,
    rlib_bytes: u64,
    crates: usize,
    crates_without_codecs: usize,
}

/// Builds both, one after the other and twice, and gives the better of each as a Markdown table.
///
/// # Errors
/// What cargo says.
pub fn race() -> io::Result<String> {
    let path = programs::package().join("../protocol");
    let ours = |more: &str| format!("milena-protocol = {{ path = {path:?}{more} }}");
    let peer = |more: &str| format!("kafka-protocol = {{ version = \"=0.18.0\", {more} }}");
    let subjects = [
        Subject {
            name: "milena-protocol",
            whole: ours(""),
            without_codecs: ours(", default-features = false"),
        },
        Subject {
            name: "kafka-protocol",
            whole: peer("features = [\"messages_enums\"]"),
            without_codecs: peer(
                "default-features = false, features = [\"client\", \"broker\", \"messages_enums\"]",
            ),
        },
    ];
    let mut costs: [Option<Cost>; 2] = [None, None];
    for _ in 0..2 {
        for (subject, cost) in subjects.iter().zip(&mut costs) {
            let again = subject.cost()?;
            let better = cost.as_ref().is_none_or(|first| again.user_seconds < first.user_seconds);
            if better {
                *cost = Some(again);
            }
        }
    }
    let mut table = String::from(
        "| crate | user s, itself | rlib, MB | crates in its tree | without codecs |\n|---|---|---|---|---|\n",
    );
    for (subject, cost) in subjects.iter().zip(costs.iter().flatten()) {
        let Cost { user_seconds, rlib_bytes, crates, crates_without_codecs } = cost;
        let megabytes = *rlib_bytes as f64 / 1e6;
        let name = subject.name;
        table.push_str(&format!(
            "| {name} | {user_seconds:.1} | {megabytes:.1} | {crates} | {crates_without_codecs} |\n"
        ));
    }
    Ok(table)
}

impl Subject {
    fn cost(&self) -> io::Result<Cost> {
        let lean = package(&format!("{}-lean", self.name), &self.without_codecs)?;
        let crates_without_codecs = self.crates(&lean)?;
        let package = package(self.name, &self.whole)?;
        let crates = self.crates(&package)?;

        // Everything, then the crate alone once more.
        run(&mut cargo(&package, &["build", "--release"]))?;
        run(&mut cargo(&package, &["clean", "--release", "-p", self.name]))?;
        let before = user_seconds_of_children()?;
        run(&mut cargo(&package, &["build", "--release"]))?;
        let user_seconds = user_seconds_of_children()? - before;
        Ok(Cost { user_seconds, rlib_bytes: self.rlib(&package)?, crates, crates_without_codecs })
    }

    /// Crates in its tree, those of build scripts included, itself not.
    fn crates(&self, package: &Path) -> io::Result<usize> {
        let tree = ["tree", "-e", "normal,build", "--prefix", "none", "--no-dedupe", "-p", self.name];
        let output = cargo(package, &tree).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut names: Vec<_> = text.lines().filter_map(|line| line.split(" (").next()).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names.len().saturating_sub(1))
    }

    fn rlib(&self, package: &Path) -> io::Result<u64> {
        let start = format!("lib{}-", self.name.replace('-', "_"));
        for file in fs::read_dir(package.join("target/release/deps"))? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            if name.starts_with(&start) && name.ends_with(".rlib") {
                return Ok(file.metadata()?.len());
            }
        }
        Err(io::Error::other(format!("{start}*.rlib was not built")))
    }
}

/// An empty package that depends on one crate.
fn package(name: &str, dependency: &str) -> io::Result<PathBuf> {
    let folder = programs::folder("build")?.join(name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependency}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(folder)
}

fn cargo(package: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(package).env("CARGO_TARGET_DIR", package.join("target")).args(arguments);
    command
}

/// CPU seconds in user mode of all children that have ended, and of theirs.
fn user_seconds_of_children() -> io::Result<f64> {
    /// What Linux counts in, for programs.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold spaces; of what follows it, cutime is the fourteenth.
    let ticks = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(13)?.parse::<f64>().ok());
    ticks
        .map(|ticks| ticks / TICKS_PER_SECOND)
        .ok_or_else(|| io::Error::other("/proc/self/stat is not as it was"))
}
