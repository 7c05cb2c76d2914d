//! The own words of whoever returns an order: a reviewer, a bureau. They may name people, so they are kept encrypted
//! under the order's data key, and shown only to those who may read the order's content; the state and the history hold
//! codes. The applicant's notice gets them sealed for notification.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use icp_domain::{Finding, Stage};
use icp_kit::sealing::SealError;
use icp_kit::vault::VaultError;
use icp_kit::{DataKey, Keyring};
use icp_proto::common::Sealed;
use icp_proto::order::{OwnWord, OwnWords};
use serde::{Deserialize, Serialize};

/// What was written about one finding; an empty text says no more than the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// What is wrong.
    #[serde(default)]
    pub reason: String,
    /// What to do.
    #[serde(default)]
    pub remedy: String,
}

impl Words {
    fn is_empty(&self) -> bool {
        self.reason.is_empty() && self.remedy.is_empty()
    }
}

/// Encrypts the words about an order's findings, one entry per finding; nothing where nobody wrote anything.
pub fn lock(key: &DataKey, order_id: uuid::Uuid, words: &[Words]) -> Result<Option<String>, VaultError> {
    if words.iter().all(Words::is_empty) {
        return Ok(None);
    }
    let clear = serde_json::to_vec(words).map_err(|_| VaultError::Broken)?;
    Ok(Some(STANDARD.encode(key.encrypt(&place(order_id), &clear)?)))
}

/// Seals the words for the notice about the return; nothing where nobody wrote anything.
pub fn for_notice(keyring: &Keyring, order_id: uuid::Uuid, words: &[Words]) -> Result<Option<Sealed>, SealError> {
    if words.iter().all(Words::is_empty) {
        return Ok(None);
    }
    let words = (0..).zip(words).map(|(finding, words)| OwnWord {
        finding,
        reason: words.reason.clone(),
        remedy: words.remedy.clone(),
    });
    keyring.seal("notify", &order_id.to_string(), &OwnWords { words: words.collect() }).map(Some)
}

/// Puts the words back into the findings that they were written about.
pub fn unlock(key: &DataKey, order_id: uuid::Uuid, locked: &str, findings: &mut [Finding]) -> Result<(), VaultError> {
    let cipher = STANDARD.decode(locked).map_err(|_| VaultError::Broken)?;
    let clear = key.decrypt(&place(order_id), &cipher)?;
    let words: Vec<Words> = serde_json::from_slice(&clear).map_err(|_| VaultError::Broken)?;
    for (finding, words) in findings.iter_mut().zip(words) {
        if !words.reason.is_empty() {
            // A reviewer writes for both; the bureau writes Chinese.
            if finding.stage == Stage::Review {
                finding.message_en.clone_from(&words.reason);
            }
            finding.message_zh = words.reason;
        }
        if !words.remedy.is_empty() {
            finding.remedy = words.remedy;
        }
    }
    Ok(())
}

/// What a cipher is bound to: the order, and that it holds words, not content.
fn place(order_id: uuid::Uuid) -> Vec<u8> {
    [order_id.as_bytes().as_slice(), b"words"].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::desk::reasons;

    #[test]
    fn words_come_back_to_their_findings_of_their_order() {
        let (key, order) = (DataKey::generate(), Uuid::now_v7());
        let finding = |code| reasons::find(code).unwrap().at(String::new());
        let mut findings = [finding("N01"), finding("T01")];
        let words = [Words { reason: "示例".to_owned(), ..Words::default() }, Words::default()];
        let locked = lock(&key, order, &words).unwrap().unwrap();
        assert!(!locked.contains("示例"));
        assert!(unlock(&key, Uuid::now_v7(), &locked, &mut findings).is_err());
        assert!(unlock(&DataKey::generate(), order, &locked, &mut findings).is_err());
        unlock(&key, order, &locked, &mut findings).unwrap();
        assert_eq!((findings[0].message_zh.as_str(), findings[0].remedy.clone()), ("示例", finding("N01").remedy));
        assert_eq!(findings[1], finding("T01"));
        let mut of_bureau = [Finding { stage: Stage::Bureau, ..finding("N01") }];
        unlock(&key, order, &locked, &mut of_bureau).unwrap();
        assert_eq!((of_bureau[0].message_zh.as_str(), &of_bureau[0].message_en), ("示例", &finding("N01").message_en));
        assert_eq!(lock(&key, order, &[Words::default()]).unwrap(), None);
    }
}
