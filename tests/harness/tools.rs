//! Programs and packages the tests need but the workspace does not hold: found, or fetched once and kept.
//!
//! All of it comes through the ordinary package clients (`mvn`, `pip`, `javac`, `cargo`) and is cached in
//! `target/interop`. What cannot be had is a [`Missing`]: it names the tool and the way to get it. On a developer's
//! machine the cases that need it are skipped by name; with `CI=true` they fail.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A tool that this machine lacks, and how to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The tool, by the name people know it under.
    pub tool: String,
    /// What to do about it.
    pub how: String,
}

impl Missing {
    /// Says that `tool` is missing, and `how` to get it.
    pub fn new(tool: impl Into<String>, how: impl Into<String>) -> Self {
        Self { tool: tool.into(), how: how.into() }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing: {}", self.tool, self.how)
    }
}

impl std::error::Error for Missing {}

/// Whether this run is one where a missing tool is a failure: `CI=true`.
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// The workspace's root folder.
pub fn workspace_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies inside the workspace").to_owned()
}

/// A path as it was named in a variable, seen from the workspace, where commands are given; cargo runs tests in their
/// package.
pub fn from_workspace(named: impl AsRef<Path>) -> PathBuf {
    workspace_dir().join(named)
}

/// The folder that an environment variable names, such as `MILENA_GOLDEN`; `None` if it is not set.
///
/// # Errors
/// A sentence, if no folder is there: a mistake, and no reason to test something else.
pub fn named_folder(variable: &str) -> Result<Option<PathBuf>, String> {
    let Some(dir) = env::var_os(variable).map(from_workspace) else { return Ok(None) };
    if dir.is_dir() {
        Ok(Some(dir))
    } else {
        Err(format!("{variable}: there is no folder {}", dir.display()))
    }
}

/// Where cargo builds: `CARGO_TARGET_DIR`, or else `target` in the workspace.
pub fn target_dir() -> PathBuf {
    from_workspace(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The folder `target/interop/<name>`, made if it is not there: caches and the scratch files of a run.
pub fn cache_dir(name: &str) -> PathBuf {
    let dir = target_dir().join("interop").join(name);
    fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("cannot make the folder {}: {e}", dir.display()));
    dir.canonicalize().expect("the folder was just made")
}

/// Finds a program in `PATH`.
pub fn find(program: &str, how: &str) -> Result<PathBuf, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
        .ok_or_else(|| Missing::new(program, how))
}

/// Runs a command to its end and returns what it printed on standard output.
///
/// # Errors
/// The command line and the end of its standard error, if it could not start or ended with another code than 0.
pub fn run(command: &mut Command) -> Result<String, String> {
    let line = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{line}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = [output.stdout, output.stderr].concat();
    Err(format!("{line}: {}: {}", output.status, tail(&String::from_utf8_lossy(&told))))
}

/// Makes `dir/<marker>` by running `make`, unless an earlier run already did.
///
/// One process at a time: a second one waits, then finds the work done.
pub fn once<E>(dir: &Path, marker: &str, make: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    let lock = fs::File::create(dir.join("lock")).expect("a lock file can be made in the cache");
    lock.lock().expect("a lock file can be locked");
    let done = dir.join(marker);
    if !done.exists() {
        make()?;
        fs::write(&done, "").expect("the cache can be written to");
    }
    Ok(())
}

/// Builds the program `milena` in the profile of this test and returns its path.
///
/// The very build that `cargo run -p milena` makes: what it takes here, it does not take there again.
///
/// # Errors
/// Why it does not build: that is nothing a machine may lack.
pub fn milena_program() -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let release = !cfg!(debug_assertions);
    let mut build = Command::new(cargo);
    build.current_dir(workspace_dir()).args(["build", "--quiet", "-p", "milena", "--bin", "milena"]);
    if release {
        build.arg("--release");
    }
    run(&mut build)?;
    Ok(target_dir().join(if release { "release" } else { "debug" }).join("milena"))
}

/// A short, stable name for some content: cached things made from it are made again when it changes.
pub fn fingerprint(content: &[u8]) -> String {
    // FNV-1a.
    let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The last lines of a text, for an error.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// Removes a folder and what is in it; a folder that is not there is fine.
pub fn remove_dir(dir: &Path) {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => panic!("cannot remove {}: {e}", dir.display()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_seen_from_the_workspace_and_an_absolute_one_stays() {
        assert_eq!(from_workspace("tests/golden"), workspace_dir().join("tests/golden"));
        assert!(from_workspace("tests/golden").is_absolute());
        assert_eq!(from_workspace("/tmp/vectors"), Path::new("/tmp/vectors"));
    }

    #[test]
    fn a_variable_that_names_no_folder_is_told() {
        // Cargo sets both: one names a folder, the other none.
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
        assert_eq!(named_folder("CARGO_MANIFEST_DIR"), Ok(Some(package)));
        let told = named_folder("CARGO_PKG_NAME").unwrap_err();
        let nowhere = workspace_dir().join("milena-tests");
        assert_eq!(told, format!("CARGO_PKG_NAME: there is no folder {}", nowhere.display()));
        assert_eq!(named_folder("MILENA_HAS_NO_SUCH_VARIABLE"), Ok(None));
    }
}
