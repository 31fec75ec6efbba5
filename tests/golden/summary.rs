//! What a part of the golden test found.

/// How many vectors were checked, and what was wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// Vectors that were checked, the failed ones included.
    pub(crate) vectors: usize,
    /// One sentence for each failure; it names the vector.
    pub(crate) failures: Vec<String>,
}

impl Summary {
    /// Counts one vector.
    pub(crate) fn count(&mut self, vector: &str, result: Result<(), String>) {
        self.vectors += 1;
        self.failures.extend(result.err().map(|reason| format!("{vector}: {reason}")));
    }

    /// Prints a line with the counts.
    pub(crate) fn print(&self, name: &str) {
        println!("{name:44} {:5} vectors, {} failures", self.vectors, self.failures.len());
    }

    /// Takes the counts of another part into this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.vectors += other.vectors;
        self.failures.extend(other.failures);
    }
}
