//! Inputs that mean harm: bombs, lies about lengths and counts, broken framings.
//!
//! ```text
//! cargo test --release -p milena-tests --test hostile
//! cargo test --release -p milena-tests --test hostile -- --generate
//! ```
//!
//! The folder is `MILENA_HOSTILE`, or else `../shared/hostile` beside the workspace and the project's own,
//! `tests/hostile/data`. In each lies an `index.tsv` with a header line:
//!
//! ```text
//! file            the input
//! decode_as       record_batch, request_frame v9, produce_request v9, metadata_response v12, or any other message
//! expect          error, ok or any
//! max_alloc_mib   how much memory decoding may take, at its peak
//! what            what is wrong with it
//! ```
//!
//! Every file is decoded to its end through the public API, as a user would, with a limit of 32 MiB for inflated records.
//! Nothing panics, the peak of a counting allocator stays below `max_alloc_mib`, and no file takes more than a second of
//! CPU. The last line counts files and failures. With `--generate` the project's own files are written anew.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use harness::tools;

use crate::{
    decode::DecodeAs,
    index::{Expect, Row},
    peak::peak_of,
};

#[path = "hostile/cpu.rs"]
mod cpu;
#[path = "hostile/decode.rs"]
mod decode;
#[path = "hostile/index.rs"]
mod index;
#[path = "hostile/make/mod.rs"]
mod make;
#[path = "hostile/peak.rs"]
mod peak;

/// The most CPU time that decoding a file may take.
const CPU: Duration = Duration::from_secs(1);
/// When a file has kept the decoder busy for so long, by the wall clock of a loaded machine, it hangs.
const HANGS: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let own = tools::workspace_dir().join("tests/hostile/data");
    if env::args().any(|argument| argument == "--generate") {
        let count = make::write(&own).expect("the folder can be written to");
        println!("hostile: {count} files in {}", own.display());
        return ExitCode::SUCCESS;
    }

    let (mut files, mut failures) = (0, Vec::new());
    let folders = match folders(own) {
        Ok(folders) => folders,
        Err(error) => {
            println!("hostile: {error}");
            return ExitCode::FAILURE;
        }
    };
    for dir in folders {
        println!("hostile: reading {}", dir.display());
        match index::read(&dir) {
            Ok(rows) => {
                files += rows.len();
                failures.extend(run(&dir, rows));
            }
            Err(error) => failures.push(error),
        }
    }
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!("hostile: {files} files, {} failures", failures.len());
    if failures.is_empty() && files > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn folders(own: PathBuf) -> Result<Vec<PathBuf>, String> {
    if let Some(named) = tools::named_folder("MILENA_HOSTILE")? {
        return Ok(vec![named]);
    }
    let shared = tools::workspace_dir().join("../shared/hostile");
    Ok(if shared.join("index.tsv").is_file() { vec![shared, own] } else { vec![own] })
}

/// Decodes the files of a folder, one after another, on a thread of its own that is watched; gives the failures.
fn run(dir: &Path, rows: Vec<Row>) -> Vec<String> {
    let (report, reports) = mpsc::channel();
    let (names, dir): (Vec<String>, _) = (rows.iter().map(|row| row.file.clone()).collect(), dir.to_owned());
    thread::spawn(move || {
        for row in rows {
            if report.send(check(&dir, &row)).is_err() {
                return;
            }
        }
    });
    let mut failures = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match reports.recv_timeout(HANGS) {
            Ok(Ok(line)) => println!("{line}"),
            Ok(Err(failure)) => failures.push(format!("{name}: {failure}")),
            Err(_) => {
                failures.push(format!("{name}: still not decoded after {HANGS:?}"));
                let not_reached = names[index + 1..].iter().map(|name| format!("{name}: not reached"));
                failures.extend(not_reached);
                break;
            }
        }
    }
    failures
}

/// Decodes one file; a line about it, or what is wrong.
fn check(dir: &Path, row: &Row) -> Result<String, String> {
    let expect = row.expect.ok_or("`expect` is neither error nor ok nor any")?;
    let max_alloc_mib = row.max_alloc_mib.ok_or("`max_alloc_mib` is not a number")?;
    let decode_as = DecodeAs::parse(&row.decode_as)
        .ok_or_else(|| format!("there is no message `{}` to decode as", row.decode_as))?;
    let input = fs::read(dir.join(&row.file)).map_err(|error| error.to_string())?;
    let input = Bytes::from(input);

    let before = cpu::time();
    let (result, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| decode_as.decode(&input))));
    let took = cpu::time().saturating_sub(before);

    let result = result.map_err(|_| "it panics, see above".to_owned())?;
    let outcome = result.as_ref().map_or_else(ToString::to_string, |()| "ok".to_owned());
    let mib = peak as f64 / (1024.0 * 1024.0);
    if mib >= max_alloc_mib {
        return Err(format!("takes {mib:.2} MiB where {max_alloc_mib} are allowed ({outcome})"));
    }
    if took > CPU {
        return Err(format!("takes {took:?} of CPU ({outcome})"));
    }
    match (expect, result) {
        (Expect::Error, Ok(())) => Err(format!("is not refused: {}", row.what)),
        (Expect::Ok, Err(error)) => Err(format!("is refused: {error}")),
        _ => Ok(format!("{:32} {mib:6.2} MiB {:4} ms  {outcome}", row.file, took.as_millis())),
    }
}
