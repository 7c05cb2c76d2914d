//! `isp_querybeianstatus` V3: is a domain or an organiser on record?

use super::msg_code::MsgCode;
use super::soap::SoapCall;
use super::xml::Element;
use super::{Bureau, Refusal, Reply, expect_md5};
use crate::lock::hold;

/// Condition type of a domain; 1 to 11 are certificate types.
const CONDITION_DOMAIN: i64 = 0;
const CONDITION_MAX: i64 = 11;

impl Bureau {
    pub(super) fn status(&self, call: &SoapCall) -> Result<Reply, Refusal> {
        expect_md5(call)?;
        let condition_type = call.number("queryConditionType")?;
        let condition = call.text("queryCondition");
        if !(CONDITION_DOMAIN..=CONDITION_MAX).contains(&condition_type) || condition.is_empty() {
            let mut reply = Reply::plain(MsgCode::OTHER);
            reply.message = "查询条件错误".to_owned();
            return Ok(reply);
        }
        let registry = hold(&self.registry);
        let on_record = match u32::try_from(condition_type) {
            Ok(kind) if condition_type != CONDITION_DOMAIN => registry.organiser_on_record(kind, condition),
            _ => registry.domain_on_record(condition),
        };
        drop(registry);
        let mut info = Element::new("StatusInfo").and("Cxtjlx", condition_type.to_string()).and("Cxtj", condition);
        let mut state = "1";
        if let Some(found) = on_record {
            state = "0";
            if let Some(name) = found.website_name {
                info = info.and("Wzmc", name);
            }
            info = info.and("Ztbah", found.organiser_number);
            if let Some(number) = found.website_number {
                info = info.and("Wzbah", number);
            }
        }
        Ok(Reply::with(MsgCode::SUCCESS, info.and("Bazt", state)))
    }
}
