//! `[sms]`

use serde::{Deserialize, Serialize};

use crate::window::Plan;

/// Settings of the service; see `config.default.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Length of the window.
    pub window_hours: u32,
    /// When people are reminded, hours after the opening.
    pub reminder_hours: Vec<u32>,
}

/// A value that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Longer than a timer can be, or no time at all.
    #[error("sms.window_hours = {0}; must be 1 to 720")]
    Window(u32),
    /// A reminder outside of the window, or twice.
    #[error("sms.reminder_hours must rise and lie between 0 and window_hours; {0} does not")]
    Reminder(u32),
}

impl Config {
    /// The windows' plan, checked.
    pub fn plan(&self) -> Result<Plan, ConfigError> {
        if !(1..=720).contains(&self.window_hours) {
            return Err(ConfigError::Window(self.window_hours));
        }
        let mut earlier = 0;
        for &hours in &self.reminder_hours {
            if hours <= earlier || hours >= self.window_hours {
                return Err(ConfigError::Reminder(hours));
            }
            earlier = hours;
        }
        Ok(Plan { window_hours: self.window_hours, reminder_hours: self.reminder_hours.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_lie_inside_the_window() {
        for (window_hours, reminder_hours, good) in [
            (24, vec![1, 6, 12, 20], true),
            (24, vec![], true),
            (0, vec![], false),
            (24, vec![0], false),
            (24, vec![24], false),
            (24, vec![6, 1], false),
            (24, vec![6, 6], false),
        ] {
            let config = Config { window_hours, reminder_hours };
            assert_eq!(config.plan().is_ok(), good, "{config:?}");
        }
    }
}
