use icp_domain::{Filing, Province};
use icp_testkit::filings::{company_filing, filing_of_type};
use uuid::Uuid;

use super::*;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn facts(filing: &Filing) -> Facts<'_> {
    let order_id = Uuid::from_u128(7);
    Facts { filing, service: 0, order_id, provider_name: "示例云计算有限公司", date: day(), record: None }
}

fn notice(filing: &Filing, shows_organiser_number: bool) -> Paper {
    let service_numbers = ["粤ICP备20000001号-1".to_owned()];
    let completion = Completion {
        organiser_number: "粤ICP备20000001号",
        service_numbers: &service_numbers,
        ended_on: day(),
        shows_organiser_number,
    };
    completion_notice(&facts(filing), &completion).unwrap()
}

fn text(paper: &Paper) -> &str {
    paper.content()["text"].as_str().unwrap()
}

#[test]
fn only_who_is_asked_by_sms_is_told_of_the_sms() {
    let filing = filing_of_type(OrderType::CancelAccess, Province::Guangdong, 1);
    let receipt = |asks_sms| acceptance_receipt(&facts(&filing), 1, day(), asks_sms).unwrap();
    assert!(text(&receipt(true)).contains("24小时"));
    assert!(!text(&receipt(false)).contains("短信"));
}

#[test]
fn every_type_has_the_notice_of_what_happened() {
    for order_type in OrderType::ALL {
        let notice = notice(&filing_of_type(order_type, Province::Guangdong, 1), false);
        let row = order_type.description();
        let printed = format!("{}{}", CompletionTitle::of(order_type).title, notice.content());
        assert_eq!(
            printed.contains("注销完成") || printed.contains("取消接入完成"),
            row.is_cancellation(),
            "{order_type:?}"
        );
        assert_eq!(printed.contains("未报送管局"), row.bureau.is_none(), "{order_type:?}");
        let is_approved = row.bureau.is_some() && !row.is_cancellation();
        assert_eq!(printed.contains("审核通过日期"), is_approved, "{order_type:?}");
        assert_eq!(printed.contains("首页底部"), is_approved, "{order_type:?}");
        assert_eq!(printed.contains("公安联网备案"), row.access == Part::New, "{order_type:?}");
    }
}

#[test]
fn the_number_on_the_site_is_the_one_that_the_rules_name() {
    for province in [Province::Guangdong, Province::Zhejiang] {
        let filing = company_filing(province, 1);
        assert!(text(&notice(&filing, true)).contains("标明主体备案号"));
        assert!(text(&notice(&filing, false)).contains("标明服务备案号"));
    }
}

#[test]
fn words_of_a_filing_are_printed_and_never_read_as_placeholders() {
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services[0].name = "{organiser.name} {nonsense".to_owned();
    let lines = notice(&filing, false).content()["lines"].to_string();
    assert!(lines.contains("粤ICP备20000001号-1　{organiser.name} {nonsense"), "{lines}");
}
