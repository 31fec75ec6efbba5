//! Kafka's own jars through Maven, and Java programs of ours compiled against them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::tools::{self, Missing};

/// The release of Apache Kafka that tests run against: client, broker and tools.
pub const KAFKA_VERSION: &str = "4.3.1";

/// A JVM with Apache Kafka on its class path.
#[derive(Clone, Debug)]
pub struct Java {
    java: PathBuf,
    javac: PathBuf,
    home: PathBuf,
}

impl Java {
    /// Finds the JDK and fetches Kafka's jars with Maven, once.
    pub fn with_kafka() -> Result<Self, Missing> {
        const JDK: &str = "install a JDK of 17 or later (Debian: apt-get install openjdk-17-jdk-headless)";
        let java = tools::find("java", JDK)?;
        let javac = tools::find("javac", JDK)?;
        let home = tools::cache_dir(&format!("kafka-{KAFKA_VERSION}"));
        tools::once(&home, "jars.done", || fetch_jars(&home))?;
        Ok(Self { java, javac, home })
    }

    /// Compiles a single-file program, unless this very text has been compiled before, and returns its class folder.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn compile(&self, name: &str, source: &str) -> Result<PathBuf, String> {
        let classes = self.home.join(format!("{name}-{}", tools::fingerprint(source.as_bytes())));
        fs::create_dir_all(&classes).expect("the cache can be written to");
        tools::once(&classes, "done", || {
            let file = classes.join(format!("{name}.java"));
            fs::write(&file, source).expect("the cache can be written to");
            let mut javac = Command::new(&self.javac);
            javac.arg("-cp").arg(self.jars()).arg("-d").arg(&classes).arg(&file);
            tools::run(&mut javac).map(drop)
        })?;
        Ok(classes)
    }

    /// A command that runs `main` from `classes`, with flags for a short life.
    pub fn command(&self, classes: &Path, main: &str) -> Command {
        let mut command = Command::new(&self.java);
        command
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-Xmx256m"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])
            // Both lines a broker's start and fall are read from.
            .args(["-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info"])
            .arg("-cp")
            .arg(format!("{}:{}", classes.display(), self.jars()))
            .arg(main);
        command
    }

    fn jars(&self) -> String {
        format!("{}/libs/*", self.home.display())
    }
}

fn fetch_jars(home: &Path) -> Result<(), Missing> {
    let mvn = tools::find("mvn", "install Maven (Debian: apt-get install maven)")?;
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>\n"
        )
    };
    let pom = format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>milena</groupId><artifactId>interop</artifactId><version>1</version>\n\
         <dependencies>\n{}{}{}</dependencies></project>\n",
        dependency("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        dependency("org.apache.kafka", "kafka-tools", KAFKA_VERSION),
        dependency("org.slf4j", "slf4j-simple", "1.7.36"),
    );
    let pom_file = home.join("pom.xml");
    fs::write(&pom_file, pom).expect("the cache can be written to");

    let libs = home.join("libs");
    tools::remove_dir(&libs);
    let mut copy = Command::new(mvn);
    copy.args(["-q", "-B", "-f"])
        .arg(&pom_file)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
    copy.arg(format!("-DoutputDirectory={}", libs.display()));
    tools::run(&mut copy).map(drop).map_err(|e| {
        Missing::new(format!("Apache Kafka {KAFKA_VERSION}"), format!("Maven could not fetch it: {e}"))
    })
}
