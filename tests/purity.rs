//! The cores know no socket, no clock, no thread: their sources name none.

use std::fs;
use std::path::{Path, PathBuf};

/// What only a `net` module may name.
const IMPURE: [&str; 9] = [
    "tokio",
    "std::net",
    "TcpStream",
    "Instant",
    "SystemTime",
    "std::thread",
    "std::fs",
    "HashMap",
    "RandomState",
];

#[test]
fn the_broker_s_core_is_pure() {
    assert_pure("mock-broker/src");
}

#[test]
fn the_producer_s_core_is_pure() {
    assert_pure("producer/src");
}

#[test]
fn the_codec_is_pure() {
    assert_pure("protocol/src");
}

fn assert_pure(sources: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(sources);
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 10, "{} has {} files", root.display(), files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // Tests may name what they like; they stand at the end.
        let core = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in (1..).zip(core.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = IMPURE.iter().find(|word| code.contains(**word)) {
                panic!("{}:{number} names {word}: {line}", file.display());
            }
        }
    }
}

/// Reads a file of settings, before there is a core.
const READS_SETTINGS: &str = "config/file.rs";

/// All sources below a folder, but for the network's and the tests'.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "net" || name == "tests" {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with(READS_SETTINGS)
        {
            files.push(path);
        }
    }
}
