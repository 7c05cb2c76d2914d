//! `isp_querybeianstatus`: is a domain or an organiser on record? V3.0 asks in clear, V5.0 with a sealed condition.

use super::codec;
use super::interface::Interface;
use super::msg_code::MsgCode;
use super::soap::SoapCall;
use super::xml::Element;
use super::{Account, Bureau, Refusal, Reply, expect_md5};
use crate::lock::hold;

/// Condition type of a domain; the others are certificate types.
const CONDITION_DOMAIN: u32 = 0;
/// The last certificate type that V3.0 knows.
const CONDITION_MAX_V3: u32 = 11;
/// The last certificate type of the ministry's list.
const CONDITION_MAX_V5: u32 = 44;

impl Bureau {
    pub(super) fn status(&self, account: &Account, call: &SoapCall) -> Result<Reply, Refusal> {
        expect_md5(call)?;
        let (kind, condition) = match account.spec.interface {
            Interface::V3 => {
                let kind = u32::try_from(call.number("queryConditionType")?).unwrap_or(u32::MAX);
                (kind, call.text("queryCondition").to_owned())
            }
            Interface::V5 => open_condition(account, call)?,
        };
        let kind_max = match account.spec.interface {
            Interface::V3 => CONDITION_MAX_V3,
            Interface::V5 => CONDITION_MAX_V5,
        };
        if kind > kind_max || condition.is_empty() {
            let mut reply = Reply::plain(MsgCode::OTHER);
            reply.message = "查询条件错误".to_owned();
            return Ok(reply);
        }
        let registry = hold(&self.registry);
        let found = match kind {
            CONDITION_DOMAIN => registry.domain_on_record(&condition),
            kind => registry.organiser_on_record(kind, &condition),
        };
        drop(registry);
        let mut info = Element::new("StatusInfo").and("Cxtjlx", kind.to_string()).and("Cxtj", condition);
        let mut state = "1";
        if let Some(found) = found {
            state = "0";
            if let Some(name) = found.service_name {
                info = info.and("Wzmc", name);
            }
            info = info.and("Ztbah", found.organiser_number);
            if let Some(number) = found.service_number {
                info = info.and("Wzbah", number);
            }
        }
        Ok(Reply::with(MsgCode::SUCCESS, info.and("Bazt", state)))
    }
}

/// Decrypts the condition and checks its hash: kind and value.
fn open_condition(account: &Account, call: &SoapCall) -> Result<(u32, String), MsgCode> {
    let secret = codec::base64_decode(call.text("queryInfo")).ok_or(MsgCode::DECRYPTION)?;
    let clear = codec::decrypt(&account.spec.key, &account.spec.iv, &secret)?;
    if codec::md5_base64(&clear) != call.text("queryInfoHash") {
        return Err(MsgCode::HASH);
    }
    let condition = String::from_utf8(clear).ok().and_then(|text| Element::parse(&text).ok());
    let condition = condition.ok_or(MsgCode::OTHER)?;
    let kind = condition.text_at("Cxtjlx").and_then(|text| text.parse().ok()).ok_or(MsgCode::OTHER)?;
    Ok((kind, condition.text_at("Cxtj").unwrap_or_default().to_owned()))
}
