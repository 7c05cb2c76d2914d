//! Receipts: that an order was taken in (受理回执), and that it is carried out (备案完成通知, 注销完成通知 and their kin).
//!
//! They state what happened: the words follow from the order's type, and nothing that the applicant wrote is read as a
//! placeholder.

use chrono::NaiveDate;
use icp_domain::{OrderType, Part};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;

use crate::PaperError;
use crate::paper::{About, Paper, Template, chinese_date};
use crate::values::{Facts, Values};

/// The order is with the bureau (受理回执); `received_on` is the day on which its system took it, and `asks_sms` says
/// whether anybody has to confirm the ministry's SMS.
pub fn acceptance_receipt(
    facts: &Facts<'_>,
    attempt: u32,
    received_on: NaiveDate,
    asks_sms: bool,
) -> Result<Paper, PaperError> {
    let id = "acceptance-receipt";
    let values = Values::of(facts);
    let number = facts.order_id.to_string();
    let mut lines = vec![("订单编号", number.clone()), ("提交次数", format!("第 {attempt} 次"))];
    lines.extend(about_the_order(&values, id)?);
    lines.push(("受理机关", values.fill(id, "{province.bureau}")?));
    lines.push(("送达日期", chinese_date(received_on)));
    let sms = if asks_sms {
        "请相关负责人留意短信，并在收到短信后24小时内完成工业和信息化部短信核验；逾期将被退回。"
    } else {
        ""
    };
    let text = format!("上述备案申请已由接入服务单位核验并报送受理机关，受理机关的系统已接收。{sms}审核结果另行通知。");
    receipt(facts, &values, id, "备案申请受理回执", &number, &lines, &text)
}

/// How an order ended that was carried out.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    /// Number of the organiser (主体备案号).
    pub organiser_number: &'a str,
    /// Numbers of the services, in the order of the filing's.
    pub service_numbers: &'a [String],
    /// The day.
    pub ended_on: NaiveDate,
    /// Whether the province has the organiser's number shown on sites, not the service's.
    pub shows_organiser_number: bool,
}

/// What a completion notice is called, and why it belongs to an order that has ended so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletionTitle {
    /// Title on the paper.
    pub title: &'static str,
    /// In a sentence for the applicant.
    pub reason: &'static str,
    /// Label of the day.
    date: &'static str,
}

impl CompletionTitle {
    /// By what an order of this type does, and who carries it out.
    pub fn of(order_type: OrderType) -> Self {
        const BUREAU_DONE: &str = "管局已办理完毕。";
        const PROVIDER_DONE: &str = "接入服务单位已办理完毕，未报送管局。";
        let (title, reason, date) = match order_type {
            OrderType::DeregisterOrganiser | OrderType::DeregisterService => {
                ("备案注销完成通知", BUREAU_DONE, "注销日期")
            }
            OrderType::CancelAccess => ("取消接入完成通知", BUREAU_DONE, "取消接入日期"),
            OrderType::Claim => ("备案认领完成通知", PROVIDER_DONE, "办理完成日期"),
            OrderType::Transfer => ("备案转移完成通知", PROVIDER_DONE, "办理完成日期"),
            OrderType::FirstFiling
            | OrderType::AddService
            | OrderType::AddServiceElsewhere
            | OrderType::AddAccess
            | OrderType::ContinueAccess
            | OrderType::ChangeOrganiser
            | OrderType::ChangeService
            | OrderType::ChangeBoth
            | OrderType::ChangeAccess
            | OrderType::Migrate => ("备案完成通知", "管局已审核通过。", "审核通过日期"),
        };
        Self { title, reason, date }
    }
}

/// The order is carried out (备案完成通知, 备案注销完成通知, …), with the numbers that it is about.
pub fn completion_notice(facts: &Facts<'_>, completion: &Completion<'_>) -> Result<Paper, PaperError> {
    let id = "completion-notice";
    let values = Values::of(facts);
    let CompletionTitle { title, date, .. } = CompletionTitle::of(facts.filing.order_type);
    let number = completion.organiser_number;
    let mut lines = vec![("主体备案号", number.to_owned())];
    lines.extend(about_the_order(&values, id)?);
    lines.push((date, chinese_date(completion.ended_on)));
    for (service, number) in facts.filing.services.iter().zip(completion.service_numbers) {
        lines.push(("服务备案号", format!("{number}　{}", service.name)));
    }
    let text = what_follows(facts.filing.order_type, completion.shows_organiser_number);
    receipt(facts, &values, id, title, number, &lines, &text)
}

/// What has happened, and what the applicant has to do now.
fn what_follows(order_type: OrderType, shows_organiser_number: bool) -> String {
    match order_type {
        OrderType::DeregisterOrganiser => {
            "管局已注销上述主体备案及其全部服务备案。原备案号不再有效，请勿继续标明；相关网站和应用不得继续提供服务。".to_owned()
        }
        OrderType::DeregisterService => {
            "管局已注销上述服务备案。原服务备案号不再有效，请勿继续标明；该服务不得继续提供。".to_owned()
        }
        OrderType::CancelAccess => "管局已取消上述服务在本接入服务单位的接入，主体备案和服务备案未因此注销。服务如需继续提供，须由新的接入服务单位办理新增接入。"
            .to_owned(),
        OrderType::Claim => {
            "上述备案已由接入服务单位归入提出认领的账号。本次办理未报送管局，管局登记的备案信息没有变化。".to_owned()
        }
        OrderType::Transfer => {
            "上述备案已由接入服务单位转入提出转移的账号。本次办理未报送管局，管局登记的备案信息没有变化。".to_owned()
        }
        _ => {
            let shown = if shows_organiser_number { "主体备案号" } else { "服务备案号" };
            let is_opened = order_type.description().access == Part::New;
            let police = if is_opened { "在开通之日起30日内办理公安联网备案；" } else { "" };
            format!(
                "请在网站首页底部居中位置（应用在设置或介绍页面）标明{shown}，并链接至 https://beian.miit.gov.cn ；{police}备案信息发生变化的，请及时办理变更。"
            )
        }
    }
}

/// The lines that every receipt has.
fn about_the_order(values: &Values, id: &str) -> Result<[(&'static str, String); 3], PaperError> {
    Ok([
        ("备案类型", values.fill(id, "{order.type}")?),
        ("主办者", values.fill(id, "{organiser.name}")?),
        ("备案省份", values.fill(id, "{province.name}")?),
    ])
}

fn receipt(
    facts: &Facts<'_>,
    values: &Values,
    id: &str,
    title: &str,
    number: &str,
    lines: &[(&str, String)],
    text: &str,
) -> Result<Paper, PaperError> {
    let about = About {
        title: title.to_owned(),
        author: values.fill(id, "{provider.name}")?,
        date: facts.date,
        keywords: vec![format!("paper={id}"), format!("order={}", facts.order_id)],
        attachment: json!({ "paper": id, "order_id": facts.order_id, "number": number }),
    };
    let body = json!({
        "lines": lines,
        "text": text,
        "number": number,
        "code": code(number)?,
        "provider": facts.provider_name,
        "date": chinese_date(facts.date),
    });
    Ok(Paper::new(Template::Receipt, format!("{id} {}", facts.order_id), about, body))
}

/// A QR code of the number alone, as SVG: it leads nowhere.
fn code(number: &str) -> Result<String, PaperError> {
    let code = QrCode::with_error_correction_level(number, EcLevel::M)
        .map_err(|error| PaperError::Template(format!("the number cannot be coded: {error}")))?;
    let width = code.width();
    let squares: String = code
        .to_colors()
        .iter()
        .enumerate()
        .filter(|(_, color)| **color == Color::Dark)
        .map(|(place, _)| format!("M{} {}h1v1h-1z", place % width, place / width))
        .collect();
    Ok(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {width}" shape-rendering="crispEdges"><path d="{squares}"/></svg>"#
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
