//! A Python with confluent-kafka, which carries librdkafka.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::tools::{self, Missing};

/// The package, and with it librdkafka 2.16.0.
pub const CONFLUENT_KAFKA: &str = "confluent-kafka==2.16.1";

/// A virtual environment with [`CONFLUENT_KAFKA`] in it.
#[derive(Clone, Debug)]
pub struct Python {
    python: PathBuf,
    home: PathBuf,
}

impl Python {
    /// Makes the environment with `venv` and `pip`, once.
    pub fn with_librdkafka() -> Result<Self, Missing> {
        let system =
            tools::find("python3", "install Python 3 (Debian: apt-get install python3-venv python3-pip)")?;
        let home = tools::cache_dir(&CONFLUENT_KAFKA.replace("==", "-"));
        let venv = home.join("venv");
        let python = venv.join("bin").join("python");
        tools::once(&home, "venv.done", || {
            let failed = |e| Missing::new(CONFLUENT_KAFKA, format!("venv and pip could not install it: {e}"));
            tools::remove_dir(&venv);
            tools::run(Command::new(system).args(["-m", "venv"]).arg(&venv)).map_err(failed)?;
            let install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", CONFLUENT_KAFKA];
            tools::run(Command::new(&python).args(install)).map_err(failed)?;
            Ok(())
        })?;
        Ok(Self { python, home })
    }

    /// A command that runs this program text, saved under its name.
    pub fn command(&self, name: &str, source: &str) -> Command {
        let file = self.home.join(format!("{}-{name}", tools::fingerprint(source.as_bytes())));
        save(&file, source);
        let mut command = Command::new(&self.python);
        command.arg("-u").arg(file);
        command
    }
}

fn save(file: &Path, source: &str) {
    fs::write(file, source).expect("the cache can be written to");
}
