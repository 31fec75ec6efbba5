//! The saved corpus of the fuzzer, replayed without a fuzzer.
//!
//! ```text
//! cargo test --release -p milena-tests --test corpus
//! cargo test --release -p milena-tests --test corpus -- --seeds target/seeds
//! ```
//!
//! Every file of `fuzz/corpus/<target>` and of `fuzz/regressions/<target>`, the inputs that once broke something, goes
//! through the function of that target. A target without a corpus is a failure, and so is a corpus without a target.
//! The sums in `fuzz/LEDGER.md` are those of its runs. The second form writes seeds instead, one folder a target, made from the golden vectors: where a corpus begins.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::{
    env, fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use harness::tools;
use protocol::fuzzing::Target;

#[path = "golden/folder.rs"]
mod folder;
#[path = "corpus/ledger.rs"]
mod ledger;
#[path = "corpus/seeds.rs"]
mod seeds;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--seeds") {
        let dir = arguments.get(at + 1).expect("--seeds takes a folder");
        return match seeds::write(&tools::workspace_dir().join(dir)) {
            Ok(count) => {
                println!("corpus: {count} seeds in {dir}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                println!("corpus: {error}");
                ExitCode::FAILURE
            }
        };
    }

    let fuzz = tools::workspace_dir().join("fuzz");
    let (mut inputs, mut failures) = (0, unknown_folders(&fuzz));
    failures.extend(ledger::check(&fuzz.join("LEDGER.md")));
    for (name, target) in targets() {
        let corpus = files(&fuzz.join("corpus").join(name)).unwrap_or_default();
        if corpus.is_empty() {
            failures.push(format!("fuzz/corpus/{name}: missing or empty"));
        }
        let regressions = files(&fuzz.join("regressions").join(name)).unwrap_or_default();
        let broken: Vec<String> =
            corpus.iter().chain(&regressions).filter_map(|file| replay(target, file).err()).collect();
        let count = corpus.len() + regressions.len();
        println!("{name:16} {count:5} inputs, {} failures", broken.len());
        inputs += count;
        failures.extend(broken);
    }
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!("corpus: {inputs} inputs, {} failures", failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The targets of all crates.
fn targets() -> impl Iterator<Item = (&'static str, Target)> {
    protocol::fuzzing::TARGETS.iter().chain(mock_broker::fuzzing::TARGETS).copied()
}

fn replay(target: Target, file: &Path) -> Result<(), String> {
    let input = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    catch_unwind(|| target(&input)).map_err(|_| format!("{}: it panics, see above", file.display()))
}

/// The files of a folder, by name.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Folders that no target replays: one was renamed or removed.
fn unknown_folders(fuzz: &Path) -> Vec<String> {
    let folders = ["corpus", "regressions"].map(|kind| files(&fuzz.join(kind)).unwrap_or_default()).concat();
    let is_known = |folder: &&PathBuf| targets().any(|(name, _)| folder.ends_with(name));
    let unknown = folders.iter().filter(|folder| !is_known(folder));
    unknown.map(|folder| format!("{}: there is no such target", folder.display())).collect()
}
