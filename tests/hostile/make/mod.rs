//! The project's own hostile inputs, written by `-- --generate`.
//!
//! Each is one line of code that says what is wrong with it. They are kept as files too, because that is what a test
//! of another decoder can use, and because a bomb must not depend on the version of the library that packs it.

mod messages;
mod records;

use std::{fmt::Write as _, fs, io, path::Path};

/// One input.
struct Case {
    file: &'static str,
    decode_as: &'static str,
    expect: &'static str,
    max_alloc_mib: u32,
    what: &'static str,
    bytes: Vec<u8>,
}

/// Writes all inputs and their index; gives their number.
pub(crate) fn write(dir: &Path) -> io::Result<usize> {
    let mut cases = records::plain();
    cases.extend(records::packed());
    cases.extend(records::legacy());
    cases.extend(messages::all());
    fs::create_dir_all(dir)?;
    let mut index = String::from("file\tdecode_as\texpect\tmax_alloc_mib\twhat\n");
    for case in &cases {
        let Case { file, decode_as, expect, max_alloc_mib, what, bytes } = case;
        let _ = writeln!(index, "{file}\t{decode_as}\t{expect}\t{max_alloc_mib}\t{what}");
        fs::write(dir.join(file), bytes)?;
    }
    fs::write(dir.join("index.tsv"), index)?;
    Ok(cases.len())
}
