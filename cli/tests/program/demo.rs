//! `milena demo`.

use serde_json::Value;

use crate::harness::run;

fn figures(arguments: &[&str]) -> (Option<i32>, Value) {
    let run = run(&[&["demo", "--json", "--rounds", "20"], arguments].concat(), b"");
    let figures = serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    (run.code, figures)
}

#[test]
fn every_record_is_back_once_whatever_the_seed() {
    for seed in ["1", "2", "3", "4", "5", "18446744073709551615"] {
        let (code, figures) = figures(&["--seed", seed]);
        assert_eq!((code, &figures["ok"]), (Some(0), &Value::Bool(true)), "seed {seed}: {figures}");
        assert_eq!((figures["sent"].as_u64(), figures["read_back"].as_u64()), (Some(4800), Some(4800)));
        for nothing in ["missing", "more_than_once", "altered", "out_of_order"] {
            assert_eq!(figures[nothing], 0, "seed {seed}: {nothing}");
        }
        for something in ["retries", "duplicates_refused"] {
            assert!(figures[something].as_u64() >= Some(1), "seed {seed}: {figures}");
            let partitions = figures["partitions"].as_array().unwrap();
            let sum: Option<u64> = partitions.iter().map(|partition| partition[something].as_u64()).sum();
            assert_eq!(sum, figures[something].as_u64());
        }
        assert_eq!(figures["lost_answers"].as_array().map(Vec::len), Some(1), "seed {seed}");
    }
}

#[test]
fn without_deduplication_it_fails_and_says_why() {
    let (code, figures) = figures(&["--break-deduplication"]);
    assert_eq!((code, &figures["ok"]), (Some(1), &Value::Bool(false)), "{figures}");
    assert!(figures["more_than_once"].as_u64() >= Some(1), "{figures}");
    assert_eq!(figures["duplicates_refused"], 0);
    let failed = figures["failed"].to_string();
    assert!(failed.contains("more than once") && failed.contains("no duplicate was refused"), "{failed}");
}

#[test]
fn the_page_fits_a_terminal_and_ends_with_the_verdict() {
    let page = run(&["demo", "--rounds", "10"], b"").ok();
    assert!(page.contains("OK: all 2,400 records are back, each once"), "{page}");
    // Of letters that take two columns there are at most as many as fit.
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let broken = run(&["demo", "--rounds", "10", "--break-deduplication"], b"");
    assert_eq!(broken.code, Some(1));
    assert!(String::from_utf8(broken.stdout).unwrap().contains("FAILED: no duplicate was refused"));
}
