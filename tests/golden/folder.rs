//! Where the vectors are.
//!
//! The project's own copy is one archive, made by
//!
//! ```text
//! tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C ../shared/golden -cf - messages records README.md \
//!     | zstd -19 --long=27 -o tests/golden/data/golden.tar.zst
//! ```

use std::{fs, path::PathBuf};

use harness::tools;

const ARCHIVE: &[u8] = include_bytes!("data/golden.tar.zst");

/// The folder with the vectors: `MILENA_GOLDEN`, or `../shared/golden` beside the workspace, or our own copy.
pub(crate) fn find() -> Result<PathBuf, String> {
    if let Some(named) = tools::named_folder("MILENA_GOLDEN")? {
        return Ok(named);
    }
    let shared = tools::workspace_dir().join("../shared/golden");
    if shared.join("messages").is_dir() { Ok(shared) } else { own_copy() }
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
