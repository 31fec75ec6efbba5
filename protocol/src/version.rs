//! Versions, and what two sides agree on (KIP-35).

use std::fmt;

/// The versions of something, both ends included; possibly none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionRange {
    lowest: i16,
    highest: i16,
}

impl VersionRange {
    /// No version at all.
    pub const NONE: Self = Self { lowest: 0, highest: -1 };

    /// From `lowest` to `highest`; none if `highest` is the smaller.
    #[must_use]
    pub const fn new(lowest: i16, highest: i16) -> Self {
        Self { lowest, highest }
    }

    /// The first version.
    #[must_use]
    pub const fn lowest(self) -> i16 {
        self.lowest
    }

    /// The last version.
    #[must_use]
    pub const fn highest(self) -> i16 {
        self.highest
    }

    /// Whether there is no version in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.lowest > self.highest
    }

    /// Whether `version` is in it.
    #[inline]
    #[must_use]
    pub const fn contains(self, version: i16) -> bool {
        self.lowest <= version && version <= self.highest
    }

    /// The versions in both; possibly none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self { lowest: self.lowest.max(other.lowest), highest: self.highest.min(other.highest) }
    }

    /// The version to speak with a peer who has `other`: the highest in both.
    ///
    /// ```
    /// use milena_protocol::VersionRange;
    ///
    /// assert_eq!(VersionRange::new(3, 13).agree(VersionRange::new(0, 11)), Some(11));
    /// assert_eq!(VersionRange::new(3, 13).agree(VersionRange::new(0, 2)), None);
    /// ```
    #[must_use]
    pub fn agree(self, other: Self) -> Option<i16> {
        let both = self.intersection(other);
        (!both.is_empty()).then_some(both.highest)
    }

    /// Every version in it, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = i16> {
        self.lowest..=self.highest
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.lowest, self.highest) {
            (lowest, highest) if lowest > highest => write!(f, "none"),
            (lowest, i16::MAX) => write!(f, "{lowest}+"),
            (lowest, highest) if lowest == highest => write!(f, "{lowest}"),
            (lowest, highest) => write!(f, "{lowest}-{highest}"),
        }
    }
}

impl fmt::Debug for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
