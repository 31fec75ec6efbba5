//! Where the vectors are.
//!
//! A program in Java made them with the public library kafka-clients 4.4.0, as the README in the archive says in full:
//! each message of `org.apache.kafka.common.message` in each version, filled by a rule (nothing, everything, nulls, by
//! chance from a seed), written by its own `write` and told by its `JsonConverter`; batches by `MemoryRecordsBuilder`,
//! read back by `MemoryRecords`. Another set of the same form can be
//! named with `MILENA_GOLDEN`, or lie beside the checkout, in `../shared/golden`.
//!
//! They are kept as one archive, packed in the folder that holds them by
//!
//! ```text
//! tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - messages records README.md \
//!     | zstd -19 --long=27 -o …/tests/golden/data/golden.tar.zst
//! ```

use std::{fs, path::PathBuf};

use harness::tools;

const ARCHIVE: &[u8] = include_bytes!("data/golden.tar.zst");

/// The folder with the vectors: `MILENA_GOLDEN`, or `../shared/golden` beside the checkout, or our own copy.
pub(crate) fn find() -> Result<PathBuf, String> {
    if let Some(named) = tools::named_folder("MILENA_GOLDEN")? {
        return Ok(named);
    }
    let beside = tools::workspace_dir().join("../shared/golden");
    if beside.join("messages").is_dir() { Ok(beside) } else { own_copy() }
}

/// Unpacks the archive into the target folder, once for each state of the archive.
fn own_copy() -> Result<PathBuf, String> {
    let dir = tools::target_dir().join("golden").join(tools::fingerprint(ARCHIVE));
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let unpack = || {
        let mut inflate = zstd::Decoder::new(ARCHIVE)?;
        inflate.window_log_max(27)?;
        tar::Archive::new(inflate).unpack(&dir)
    };
    tools::once(&dir, "done", unpack).map_err(|e| format!("golden.tar.zst: {e}"))?;
    Ok(dir)
}
