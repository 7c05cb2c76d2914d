//! The answer to a batch, in the bytes in which the module gave it.

use icp_rules_sdk::batch::decode_answers;
use icp_rules_sdk::judge::BriefFinding;

use crate::module::quoted;

/// The findings of a batch without their texts. They are read where they lie, when they are asked for.
#[derive(Debug, Clone)]
pub struct Answers {
    bytes: Vec<u8>,
}

impl Answers {
    /// The answer, if it can be read to its end and answers every order.
    pub(crate) fn of(answer: Result<Vec<u8>, String>, count: usize) -> Result<Self, String> {
        let bytes = answer.map_err(|reason| format!("the module refuses the batch: {}", quoted(&reason)))?;
        let answered = decode_answers(&bytes)
            .try_fold(0_usize, |answered, list| list.map(|_| answered + 1))
            .map_err(|error| format!("the module's answer cannot be read: {error}"))?;
        if answered != count {
            return Err(format!("the module answered {answered} of {count} orders"));
        }
        Ok(Self { bytes })
    }

    /// The findings of each order, in the order of the batch.
    pub fn lists(&self) -> impl Iterator<Item = Vec<BriefFinding<'_>>> {
        // That all of it can be read was seen when it came.
        decode_answers(&self.bytes).map(Result::unwrap_or_default)
    }

    /// The bytes, as `judge-encoded` gave them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
