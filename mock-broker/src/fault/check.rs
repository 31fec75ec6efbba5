//! What a rule must be like beyond its grammar: words that make sense together.

use super::occurrence::Pick;
use super::{Corruption, Fault, Reaction, RuleError};
use protocol::{ApiKey, ErrorCode};

impl Fault {
    /// Whether the rule makes sense in itself. What is read from text does; what was built may not, and then does
    /// nothing, or not what it says.
    ///
    /// # Errors
    /// A count of 0, a time that ends before it begins, a reaction that has nothing to do with what the rule names.
    pub fn check(&self) -> Result<(), RuleError> {
        let reason = self.bad_occurrence().or_else(|| self.bad_which()).or_else(|| self.bad_reaction());
        reason.map_or(Ok(()), |reason| Err(RuleError::new(reason)))
    }

    fn bad_occurrence(&self) -> Option<String> {
        let occurrence = &self.occurrence;
        let never = |what: &str| Some(format!("{what}, so that the rule would never strike"));
        match occurrence.pick {
            Pick::First(0) | Pick::Nth(0) | Pick::Every(0) => return never("a count of 0 is none"),
            _ => {}
        }
        if occurrence.from.zip(occurrence.until).is_some_and(|(from, until)| from >= until) {
            return never("`from` is not before `until`");
        }
        if occurrence.probability.is_some_and(|probability| probability.0 == 0) {
            return never("a probability of 0 is none");
        }
        None
    }

    fn bad_which(&self) -> Option<String> {
        let which = &self.which;
        if which.versions.is_some_and(|versions| versions.is_empty() || versions.lowest() < 0) {
            return Some("no version is in this range".to_owned());
        }
        if which.connection == Some(0) {
            return Some("connections are counted from 1".to_owned());
        }
        which.partition.filter(|partition| *partition < 0).map(|_| "partitions are counted from 0".to_owned())
    }

    fn bad_reaction(&self) -> Option<String> {
        let reaction = &self.reaction;
        let only = |what: &str| Some(format!("`then={reaction}` goes only with {what}"));
        let is_on = |wanted: ApiKey| self.which.api_key == Some(wanted);
        match reaction {
            Reaction::Fail(ErrorCode::NONE) | Reaction::ApplyThenFail(ErrorCode::NONE) => {
                Some("NONE is no error".to_owned())
            }
            Reaction::Corrupt(Corruption::Crc) if !is_on(ApiKey::FETCH) => {
                only("on=Fetch, whose answers have checksums")
            }
            Reaction::StaleMetadata if !is_on(ApiKey::METADATA) => only("on=Metadata"),
            Reaction::Bandwidth(0) => {
                Some("at 0 bytes a second nothing is ever written; see `silence`".to_owned())
            }
            Reaction::RefuseConnections if !self.is_about_brokers() => only("`broker`, `from` and `until`"),
            Reaction::PretendVersion(versions) if versions.is_empty() => {
                Some("`pretend_version` lacks what it is: pretend_version=API:MAX,…".to_owned())
            }
            Reaction::PretendVersion(versions) if versions.iter().any(|(_, max)| *max < 0) => {
                Some("no version is below 0".to_owned())
            }
            Reaction::PretendVersion(_) if !self.is_about_brokers() => only("`broker`, `from` and `until`"),
            _ => None,
        }
    }

    /// Whether it names nothing of requests.
    fn is_about_brokers(&self) -> bool {
        let (which, occurrence) = (&self.which, &self.occurrence);
        which.names_no_place()
            && which.api_key.is_none()
            && which.versions.is_none()
            && which.client_id.is_none()
            && which.connection.is_none()
            && occurrence.after == 0
            && occurrence.pick == Pick::All
            && occurrence.probability.is_none()
    }
}
