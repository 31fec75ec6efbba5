//! Getting the contestants that are programs: built once through the ordinary tools, kept under `target`.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Apache Kafka's Java client.
const KAFKA_CLIENTS: &str = "4.3.1";

/// The folder of this package.
#[must_use]
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder for what is built: `CARGO_TARGET_DIR`, or `target` in this package.
#[must_use]
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| package().join("target"), PathBuf::from)
}

/// The folder `name` for built things, made if it is not there.
///
/// # Errors
/// What the system says.
pub fn folder(name: &str) -> io::Result<PathBuf> {
    let folder = target().join("bench").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A program of our package or of that of the Rust peers, built as `flags` say.
///
/// # Errors
/// That it does not build.
pub fn cargo_bin(name: &str, flags: &[&str]) -> io::Result<Command> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(package()).args(["build", "--release", "--quiet", "--bin", name]).args(flags);
    run(&mut build)?;
    Ok(Command::new(target().join("release").join(name)))
}

/// The flags for programs of the Rust peers.
pub const PEERS: [&str; 2] = ["-p", "milena-bench-peers"];

/// Apache Kafka's own codec: jars through Maven, our driver through javac.
///
/// # Errors
/// Which tool is missing, or what it says.
pub fn java(inputs: &Path) -> io::Result<Command> {
    let home = folder(&format!("java-{KAFKA_CLIENTS}"))?;
    let jars = home.join("libs");
    if !jars.exists() {
        let pom = home.join("pom.xml");
        fs::write(
            &pom,
            format!(
                "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
                 <groupId>milena</groupId><artifactId>bench</artifactId><version>1</version><dependencies>\
                 <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-clients</artifactId>\
                 <version>{KAFKA_CLIENTS}</version></dependency></dependencies></project>"
            ),
        )?;
        let mut maven = Command::new("mvn");
        maven
            .args(["-q", "-B", "-f"])
            .arg(&pom)
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
        run(maven.arg(format!("-DoutputDirectory={}", jars.display())))?;
    }
    let class_path = format!("{}:{}/*", home.display(), jars.display());
    let mut javac = Command::new("javac");
    javac.args(["-cp", &class_path, "-d"]).arg(&home);
    run(javac.arg(package().join("peers/java/Codec.java")))?;
    let mut java = Command::new("java");
    java.args(["-XX:+UseSerialGC", "-Xmx512m", "-cp", &class_path, "Codec"]).arg(inputs);
    Ok(java)
}

/// franz-go's codec: its modules and our driver through go.
///
/// # Errors
/// Which tool is missing, or what it says.
pub fn go(inputs: &Path) -> io::Result<Command> {
    let program = folder("go")?.join("codec");
    let mut build = Command::new("go");
    build.current_dir(package().join("peers/go")).args(["build", "-o"]);
    run(build.arg(&program).arg("."))?;
    let mut go = Command::new(program);
    go.env("GOMAXPROCS", "1").arg(inputs);
    Ok(go)
}

/// Runs a command to its end, quietly unless it fails.
///
/// # Errors
/// The command, and the end of what it said.
pub fn run(command: &mut Command) -> io::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let lines: Vec<_> = said.trim_end().lines().collect();
    let end = lines[lines.len().saturating_sub(10)..].join("\n");
    Err(io::Error::other(format!("{name}: {}: {end}", output.status)))
}
