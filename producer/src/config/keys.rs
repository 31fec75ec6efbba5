//! Every key that Kafka 4.3.1 has for producers: its type, its default, its rule, and what it does here.

use super::ConfigError;

/// A setting, by Kafka's name for it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Key {
    /// The name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Kafka's default; `None` is null, or that a value is needed.
    pub default: Option<&'static str>,
    /// What it does.
    pub effect: Effect,
    rule: Rule,
}

/// The types of Kafka's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 16 bits.
    Short,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// A text.
    String,
    /// Texts between commas.
    List,
    /// The name of a class in Java, or of what stands for it here.
    Class,
    /// A text that no error repeats.
    Password,
}

/// What a setting does in this producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// What it does in Kafka's own producer.
    Setting,
    /// Its value is checked, and matters only with a `security.protocol` that this producer does not have yet.
    Security,
    /// Nothing, because it is about Java: its value is checked, and one warning names it.
    Nothing,
}

/// What a value must be, beyond its type.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    Share(f64, f64),
    OneOf(&'static [&'static str]),
    OneOfAnyCase(&'static [&'static str]),
    NotEmpty,
    /// 1 to 9, or −1 for the codec's own choice.
    GzipLevel,
}

impl Key {
    /// The key of this name, letter for letter.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Checks a value, as Kafka does: by its type and its rule.
    pub(super) fn check(&self, value: &str) -> Result<(), ConfigError> {
        self.broken_rule(value).map_or(Ok(()), |rule| Err(self.error(value, rule)))
    }

    /// The error that a value breaks a rule; a secret value is not repeated.
    pub(super) fn error(
        &self,
        value: impl ToString,
        rule: impl Into<std::borrow::Cow<'static, str>>,
    ) -> ConfigError {
        match self.kind {
            Kind::Password => ConfigError::rule(self.name, "[hidden]", rule),
            _ => ConfigError::rule(self.name, value, rule),
        }
    }

    fn broken_rule(&self, value: &str) -> Option<String> {
        let whole = |least: i64, most: i64| match value.parse::<i128>() {
            Ok(number) if number < i128::from(least) => Err(format!("must be at least {least}")),
            Ok(number) if number > i128::from(most) => Err(format!("must be at most {most}")),
            Ok(number) => Ok(Some(number)),
            Err(_) => Err("must be a whole number".to_owned()),
        };
        let checked = match self.kind {
            Kind::Boolean => match value.to_ascii_lowercase().as_str() {
                "true" | "false" => Ok(None),
                _ => Err("must be true or false".to_owned()),
            },
            Kind::Short => whole(i16::MIN.into(), i16::MAX.into()),
            Kind::Int => whole(i32::MIN.into(), i32::MAX.into()),
            Kind::Long => whole(i64::MIN, i64::MAX),
            Kind::Double => value.parse::<f64>().map(|_| None).map_err(|_| "must be a number".to_owned()),
            Kind::String | Kind::List | Kind::Class | Kind::Password => Ok(None),
        };
        match checked {
            Ok(number) => self.rule.broken_by(number.unwrap_or_default(), value),
            // Of a number that is beyond its type, the rule may tell a nearer bound.
            Err(rule) => {
                let number = value.parse().ok();
                Some(number.and_then(|number| self.rule.broken_by(number, value)).unwrap_or(rule))
            }
        }
    }
}

impl Rule {
    fn broken_by(self, number: i128, value: &str) -> Option<String> {
        let is_any = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(value));
        let (is_kept, rule) = match self {
            Self::Any => return None,
            Self::AtLeast(least) => (number >= i128::from(least), format!("must be at least {least}")),
            Self::Between(least, most) => (
                (i128::from(least)..=i128::from(most)).contains(&number),
                format!("must be between {least} and {most}"),
            ),
            Self::Share(least, most) => (
                value.parse().is_ok_and(|number: f64| (least..=most).contains(&number)),
                format!("must be between {least} and {most}"),
            ),
            Self::OneOf(names) => (names.contains(&value), format!("must be one of {}", names.join(", "))),
            Self::OneOfAnyCase(names) => (is_any(names), format!("must be one of {}", names.join(", "))),
            Self::NotEmpty => (!value.is_empty(), "must not be empty".to_owned()),
            Self::GzipLevel => {
                ((1..=9).contains(&number) || number == -1, "must be between 1 and 9, or -1".to_owned())
            }
        };
        (!is_kept).then_some(rule)
    }
}

macro_rules! keys {
    ($($name:literal, $kind:ident, $default:expr, $rule:expr => $effect:ident;)*) => {
        /// All of them, by name.
        pub const KEYS: &[Key] = {
            use Rule::*;
            &[$(Key { name: $name, kind: Kind::$kind, default: $default, effect: Effect::$effect, rule: $rule }),*]
        };
    };
}

#[rustfmt::skip]
keys! {
    "acks", String, Some("all"), OneOf(&["all", "-1", "0", "1"]) => Setting;
    "batch.size", Int, Some("16384"), AtLeast(0) => Setting;
    "bootstrap.servers", List, Some(""), Any => Setting;
    "buffer.memory", Long, Some("33554432"), AtLeast(0) => Setting;
    "client.dns.lookup", String, Some("use_all_dns_ips"), OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]) => Setting;
    "client.id", String, Some(""), Any => Setting;
    "compression.gzip.level", Int, Some("-1"), GzipLevel => Setting;
    "compression.lz4.level", Int, Some("9"), Between(1, 17) => Setting;
    "compression.type", String, Some("none"), OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]) => Setting;
    "compression.zstd.level", Int, Some("3"), Between(-131072, 22) => Setting;
    "config.providers", List, Some(""), Any => Nothing;
    "connections.max.idle.ms", Long, Some("540000"), Any => Setting;
    "delivery.timeout.ms", Int, Some("120000"), AtLeast(0) => Setting;
    "enable.idempotence", Boolean, Some("true"), Any => Setting;
    "enable.metrics.push", Boolean, Some("true"), Any => Nothing;
    "interceptor.classes", List, Some(""), Any => Setting;
    "key.serializer", Class, None, Any => Setting;
    "linger.ms", Long, Some("5"), AtLeast(0) => Setting;
    "max.block.ms", Long, Some("60000"), AtLeast(0) => Setting;
    "max.in.flight.requests.per.connection", Int, Some("5"), AtLeast(1) => Setting;
    "max.request.size", Int, Some("1048576"), AtLeast(0) => Setting;
    "metadata.max.age.ms", Long, Some("300000"), AtLeast(0) => Setting;
    "metadata.max.idle.ms", Long, Some("300000"), AtLeast(5000) => Setting;
    "metadata.recovery.rebootstrap.trigger.ms", Long, Some("300000"), AtLeast(0) => Setting;
    "metadata.recovery.strategy", String, Some("rebootstrap"), OneOfAnyCase(&["REBOOTSTRAP", "NONE"]) => Setting;
    "metric.reporters", List, Some("org.apache.kafka.common.metrics.JmxReporter"), Any => Nothing;
    "metrics.num.samples", Int, Some("2"), AtLeast(1) => Nothing;
    "metrics.recording.level", String, Some("INFO"), OneOf(&["INFO", "DEBUG", "TRACE"]) => Nothing;
    "metrics.sample.window.ms", Long, Some("30000"), AtLeast(0) => Nothing;
    "partitioner.adaptive.partitioning.enable", Boolean, Some("true"), Any => Setting;
    "partitioner.availability.timeout.ms", Long, Some("0"), AtLeast(0) => Setting;
    "partitioner.class", Class, None, Any => Setting;
    "partitioner.ignore.keys", Boolean, Some("false"), Any => Setting;
    "receive.buffer.bytes", Int, Some("32768"), AtLeast(-1) => Setting;
    "reconnect.backoff.max.ms", Long, Some("1000"), AtLeast(0) => Setting;
    "reconnect.backoff.ms", Long, Some("50"), AtLeast(0) => Setting;
    "request.timeout.ms", Int, Some("30000"), AtLeast(0) => Setting;
    "retries", Int, Some("2147483647"), AtLeast(0) => Setting;
    "retry.backoff.max.ms", Long, Some("1000"), AtLeast(0) => Setting;
    "retry.backoff.ms", Long, Some("100"), AtLeast(0) => Setting;
    "sasl.client.callback.handler.class", Class, None, Any => Security;
    "sasl.jaas.config", Password, None, Any => Security;
    "sasl.kerberos.kinit.cmd", String, Some("/usr/bin/kinit"), Any => Security;
    "sasl.kerberos.min.time.before.relogin", Long, Some("60000"), Any => Security;
    "sasl.kerberos.service.name", String, None, Any => Security;
    "sasl.kerberos.ticket.renew.jitter", Double, Some("0.05"), Any => Security;
    "sasl.kerberos.ticket.renew.window.factor", Double, Some("0.8"), Any => Security;
    "sasl.login.callback.handler.class", Class, None, Any => Security;
    "sasl.login.class", Class, None, Any => Security;
    "sasl.login.connect.timeout.ms", Int, None, Any => Security;
    "sasl.login.read.timeout.ms", Int, None, Any => Security;
    "sasl.login.refresh.buffer.seconds", Short, Some("300"), Between(0, 3600) => Security;
    "sasl.login.refresh.min.period.seconds", Short, Some("60"), Between(0, 900) => Security;
    "sasl.login.refresh.window.factor", Double, Some("0.8"), Share(0.5, 1.0) => Security;
    "sasl.login.refresh.window.jitter", Double, Some("0.05"), Share(0.0, 0.25) => Security;
    "sasl.login.retry.backoff.max.ms", Long, Some("10000"), Any => Security;
    "sasl.login.retry.backoff.ms", Long, Some("100"), Any => Security;
    "sasl.mechanism", String, Some("GSSAPI"), Any => Security;
    "sasl.oauthbearer.assertion.algorithm", String, Some("RS256"), OneOfAnyCase(&["ES256", "RS256"]) => Security;
    "sasl.oauthbearer.assertion.claim.aud", String, None, Any => Security;
    "sasl.oauthbearer.assertion.claim.exp.seconds", Int, Some("300"), Between(0, 86400) => Security;
    "sasl.oauthbearer.assertion.claim.iss", String, None, Any => Security;
    "sasl.oauthbearer.assertion.claim.jti.include", Boolean, Some("false"), Any => Security;
    "sasl.oauthbearer.assertion.claim.nbf.seconds", Int, Some("60"), Between(0, 3600) => Security;
    "sasl.oauthbearer.assertion.claim.sub", String, None, Any => Security;
    "sasl.oauthbearer.assertion.file", String, None, Any => Security;
    "sasl.oauthbearer.assertion.private.key.file", String, None, Any => Security;
    "sasl.oauthbearer.assertion.private.key.passphrase", Password, None, Any => Security;
    "sasl.oauthbearer.assertion.template.file", String, None, Any => Security;
    "sasl.oauthbearer.client.credentials.client.id", String, None, Any => Security;
    "sasl.oauthbearer.client.credentials.client.secret", Password, None, Any => Security;
    "sasl.oauthbearer.clock.skew.seconds", Int, Some("30"), Any => Security;
    "sasl.oauthbearer.expected.audience", List, Some(""), Any => Security;
    "sasl.oauthbearer.expected.issuer", String, None, Any => Security;
    "sasl.oauthbearer.header.urlencode", Boolean, Some("false"), Any => Security;
    "sasl.oauthbearer.jwks.endpoint.refresh.ms", Long, Some("3600000"), Any => Security;
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Long, Some("10000"), Any => Security;
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Long, Some("100"), Any => Security;
    "sasl.oauthbearer.jwks.endpoint.url", String, None, Any => Security;
    "sasl.oauthbearer.jwt.retriever.class", Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"), Any => Security;
    "sasl.oauthbearer.jwt.validator.class", Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"), Any => Security;
    "sasl.oauthbearer.scope", String, None, Any => Security;
    "sasl.oauthbearer.scope.claim.name", String, Some("scope"), Any => Security;
    "sasl.oauthbearer.sub.claim.name", String, Some("sub"), Any => Security;
    "sasl.oauthbearer.token.endpoint.url", String, None, Any => Security;
    "security.protocol", String, Some("PLAINTEXT"), OneOfAnyCase(&["SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"]) => Setting;
    "security.providers", String, None, Any => Setting;
    "send.buffer.bytes", Int, Some("131072"), AtLeast(-1) => Setting;
    "socket.connection.setup.timeout.max.ms", Long, Some("30000"), Any => Setting;
    "socket.connection.setup.timeout.ms", Long, Some("10000"), Any => Setting;
    "ssl.cipher.suites", List, Some(""), Any => Security;
    "ssl.enabled.protocols", List, Some("TLSv1.2,TLSv1.3"), Any => Security;
    "ssl.endpoint.identification.algorithm", String, Some("https"), Any => Security;
    "ssl.engine.factory.class", Class, None, Any => Security;
    "ssl.key.password", Password, None, Any => Security;
    "ssl.keymanager.algorithm", String, Some("SunX509"), Any => Security;
    "ssl.keystore.certificate.chain", Password, None, Any => Security;
    "ssl.keystore.key", Password, None, Any => Security;
    "ssl.keystore.location", String, None, Any => Security;
    "ssl.keystore.password", Password, None, Any => Security;
    "ssl.keystore.type", String, Some("JKS"), Any => Security;
    "ssl.protocol", String, Some("TLSv1.3"), Any => Security;
    "ssl.provider", String, None, Any => Security;
    "ssl.secure.random.implementation", String, None, Any => Security;
    "ssl.trustmanager.algorithm", String, Some("PKIX"), Any => Security;
    "ssl.truststore.certificates", Password, None, Any => Security;
    "ssl.truststore.location", String, None, Any => Security;
    "ssl.truststore.password", Password, None, Any => Security;
    "ssl.truststore.type", String, Some("JKS"), Any => Security;
    "transaction.timeout.ms", Int, Some("60000"), Any => Setting;
    "transaction.two.phase.commit.enable", Boolean, Some("false"), Any => Setting;
    "transactional.id", String, None, NotEmpty => Setting;
    "value.serializer", Class, None, Any => Setting;
}
