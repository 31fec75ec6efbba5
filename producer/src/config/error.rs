//! What is wrong with a configuration.

use std::borrow::Cow;
use std::fmt;

/// A setting that breaks a rule: which, its value, and the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: Cow<'static, str>,
    value: String,
    rule: Cow<'static, str>,
}

impl ConfigError {
    pub(crate) fn rule(
        key: impl Into<Cow<'static, str>>,
        value: impl ToString,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { key: key.into(), value: value.to_string(), rule: rule.into() }
    }

    /// The key, as Kafka calls the setting.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value that was given.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The rule that it breaks, with the nearest known key if this one is not known.
    #[must_use]
    pub fn broken_rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.key, self.value, self.rule)
    }
}

impl std::error::Error for ConfigError {}
