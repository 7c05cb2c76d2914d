//! Receipts: that an order was taken in (受理回执), and that it is filed (备案完成通知).

use chrono::NaiveDate;
use icp_domain::Province;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;

use crate::PaperError;
use crate::paper::{About, Paper, Template, chinese_date};
use crate::values::{Facts, Values};

/// The order is with the bureau (受理回执); `received_on` is the day on which its system took it.
pub fn acceptance_receipt(facts: &Facts<'_>, attempt: u32, received_on: NaiveDate) -> Result<Paper, PaperError> {
    let number = facts.order_id.to_string();
    let lines = [
        ("订单编号", number.clone()),
        ("提交次数", format!("第 {attempt} 次")),
        ("备案类型", "{order.type}".to_owned()),
        ("主办者", "{organiser.name}".to_owned()),
        ("备案省份", "{province.name}".to_owned()),
        ("受理机关", "{province.bureau}".to_owned()),
        ("送达日期", chinese_date(received_on)),
    ];
    let text = "上述备案申请已由接入服务单位核验并报送受理机关，受理机关的系统已接收。请相关负责人留意短信，并在收到短信后24小时内完成工业和信息化部短信核验；逾期将被退回。审核结果另行通知。";
    receipt(facts, "acceptance-receipt", "备案申请受理回执", &number, &lines, text)
}

/// The order is filed (备案完成通知), with the numbers that the bureau gave.
pub fn completion_notice(
    facts: &Facts<'_>,
    organiser_number: &str,
    service_numbers: &[String],
    approved_on: NaiveDate,
) -> Result<Paper, PaperError> {
    let mut lines = vec![
        ("主体备案号", organiser_number.to_owned()),
        ("备案类型", "{order.type}".to_owned()),
        ("主办者", "{organiser.name}".to_owned()),
        ("备案省份", "{province.name}".to_owned()),
        ("审核通过日期", chinese_date(approved_on)),
    ];
    for (service, number) in facts.filing.services.iter().zip(service_numbers) {
        lines.push(("服务备案号", format!("{number}　{}", service.name)));
    }
    // filing-rules §4.2, footer_number: only Guangdong shows the organiser's number.
    let shown = if facts.filing.province == Province::Guangdong { "主体备案号" } else { "服务备案号" };
    let text = format!(
        "请在网站首页底部居中位置（应用在设置或介绍页面）标明{shown}，并链接至 https://beian.miit.gov.cn ；在开通之日起30日内办理公安联网备案；备案信息发生变化的，请及时办理变更。"
    );
    receipt(facts, "completion-notice", "备案完成通知", organiser_number, &lines, &text)
}

fn receipt(
    facts: &Facts<'_>,
    id: &str,
    title: &str,
    number: &str,
    lines: &[(&str, String)],
    text: &str,
) -> Result<Paper, PaperError> {
    let values = Values::of(facts);
    let lines = lines
        .iter()
        .map(|(label, text)| Ok((*label, values.fill(id, text)?)))
        .collect::<Result<Vec<_>, PaperError>>()?;
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
