//! Which notice goes out by which channel: data from the configuration, checked against the templates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::notice::Notice;
use crate::wording::Wording;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Mail,
    /// Short message.
    Sms,
}

impl Channel {
    /// As in the table and in template names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    /// The jobs of this channel's worker.
    pub const fn job_kind(self) -> &'static str {
        match self {
            Self::Mail => "notify.mail",
            Self::Sms => "notify.sms",
        }
    }
}

/// The channels of every notice.
#[derive(Debug, Clone, Default)]
pub struct Channels(BTreeMap<Notice, Vec<Channel>>);

impl Channels {
    /// Refuses notices that do not exist and channels for which there are no words.
    pub fn new(configured: &BTreeMap<String, Vec<Channel>>, wording: &Wording) -> Result<Self, ConfigError> {
        let mut channels = BTreeMap::new();
        for (name, wanted) in configured {
            let key = format!("notify.channels.{name}");
            let Some(notice) = Notice::parse(name) else {
                let known: Vec<&str> = Notice::ALL.into_iter().map(Notice::as_str).collect();
                return Err(ConfigError::unusable(key, format!("no such notice; there are {}", known.join(", "))));
            };
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            wanted.dedup();
            if let Some(channel) = wanted.iter().find(|channel| !wording.has(notice, **channel)) {
                let reason = format!("there is no template for channel {}", channel.as_str());
                return Err(ConfigError::unusable(key, reason));
            }
            channels.insert(notice, wanted);
        }
        Ok(Self(channels))
    }

    /// The channels of a notice.
    pub fn of(&self, notice: Notice) -> &[Channel] {
        self.0.get(&notice).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_notices_with_words_are_taken() {
        let wording = Wording::new("示例").unwrap();
        let with = |name: &str, channels: &[Channel]| {
            Channels::new(&BTreeMap::from([(name.to_owned(), channels.to_vec())]), &wording)
        };
        let channels = with("approved", &[Channel::Sms, Channel::Mail, Channel::Sms]).unwrap();
        assert_eq!(channels.of(Notice::Approved), [Channel::Mail, Channel::Sms]);
        assert!(channels.of(Notice::Returned).is_empty());
        assert!(with("aproved", &[]).unwrap_err().to_string().contains("window_reminder"));
        assert!(with("submitted", &[Channel::Sms]).unwrap_err().to_string().contains("notify.channels.submitted"));
    }
}
