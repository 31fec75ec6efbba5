//! Golden vectors: bytes that Kafka's own Java library wrote, with what they mean.
//!
//! ```text
//! cargo test --release -p milena-tests --test golden
//! ```
//!
//! Every message body is decoded, its values compared with the vector's JSON, and encoded again to the same bytes; and
//! built from the JSON alone, and encoded to the same bytes. The folder is `MILENA_GOLDEN`, or else
//! the project's own copy. The last line counts vectors and failures.
#![expect(clippy::print_stdout, reason = "a test reports on standard output")]

use std::{fs, path::Path, process::ExitCode};

use crate::{messages::Subject, summary::Summary, vector::Vector};

#[path = "golden/folder.rs"]
mod folder;
#[path = "golden/headers.rs"]
mod headers;
#[path = "golden/messages.rs"]
mod messages;
#[path = "golden/records.rs"]
mod records;
#[path = "golden/sha256.rs"]
mod sha256;
#[path = "golden/summary.rs"]
mod summary;
#[path = "golden/vector.rs"]
mod vector;

fn main() -> ExitCode {
    let dir = match folder::find() {
        Ok(dir) => dir,
        Err(e) => {
            println!("golden: {e}");
            return ExitCode::FAILURE;
        }
    };
    println!("golden: reading {}", dir.display());
    let mut all = Summary::default();
    all.add(all_messages(&dir.join("messages")));
    all.add(records::run(&dir.join("records")));

    for failure in &all.failures {
        println!("FAILED {failure}");
    }
    println!("golden: {} vectors, {} failures", all.vectors, all.failures.len());
    if all.failures.is_empty() && all.vectors > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks each file of messages and prints a line for it.
fn all_messages(dir: &Path) -> Summary {
    let mut all = Summary::default();
    let files = files(dir);
    for message in messages::all().filter(|message| !files.contains(message)) {
        all.failures.push(format!("{}: there are no vectors of {message}", dir.display()));
    }
    for file in files {
        let path = dir.join(format!("{file}.jsonl"));
        let summary = match (file.as_str(), Subject::of(&file)) {
            ("RequestHeader", _) => headers::requests(&file, &path),
            ("ResponseHeader", _) => headers::responses(&file, &path),
            (_, Some(subject)) => messages::run(subject, &file, &path),
            (_, None) => {
                all.failures.push(format!("{}: Kafka has no message of this name", path.display()));
                continue;
            }
        };
        summary.print(&file);
        all.add(summary);
    }
    all
}

/// The names of a folder's files, without their extension, in order.
fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".jsonl").to_owned())
        .collect();
    names.sort();
    names
}

/// Reads the vectors of a file; what is no vector is a failure.
fn read_vectors(file: &str, path: &Path, summary: &mut Summary) -> Vec<Vector> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (vectors, broken): (Vec<_>, Vec<_>) =
        text.lines().map(|line| Vector::parse(file, line)).partition(Result::is_ok);
    if vectors.is_empty() {
        summary.failures.push(format!("{file}: it holds no vector"));
    }
    summary.failures.extend(broken.into_iter().filter_map(Result::err));
    vectors.into_iter().flatten().collect()
}
