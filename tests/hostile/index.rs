//! The list of inputs that lies beside them: `index.tsv`.

use std::{fs, path::Path};

/// What should come of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// It is refused.
    Error,
    /// It is read to its end.
    Ok,
    /// Either, as long as nothing panics and no bound is broken.
    Any,
}

/// One line of the list, as far as it can be understood.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) decode_as: String,
    pub(crate) expect: Option<Expect>,
    pub(crate) max_alloc_mib: Option<f64>,
    pub(crate) what: String,
}

/// Reads the list of a folder. Columns are found by their names in the first line; further ones are passed over.
pub(crate) fn read(dir: &Path) -> Result<Vec<Row>, String> {
    let path = dir.join("index.tsv");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').map(str::trim).collect();
    let column = |name: &str| {
        let at = names.iter().position(|found| *found == name);
        at.ok_or_else(|| format!("{}: no column {name}", path.display()))
    };
    let (file, decode_as, expect) = (column("file")?, column("decode_as")?, column("expect")?);
    let (max_alloc, what) = (column("max_alloc_mib")?, column("what")?);
    let rows = lines.map(|line| {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        Row {
            file: cell(file).to_owned(),
            decode_as: cell(decode_as).to_owned(),
            expect: match cell(expect) {
                "error" => Some(Expect::Error),
                "ok" => Some(Expect::Ok),
                "any" => Some(Expect::Any),
                _ => None,
            },
            max_alloc_mib: cell(max_alloc).parse().ok(),
            what: cell(what).to_owned(),
        }
    });
    Ok(rows.collect())
}
