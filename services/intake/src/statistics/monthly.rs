//! The work report of a month (ICP备案工作月报): one line per province and one for all.

use chrono::{Months, NaiveDate};
use icp_domain::Province;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::figures::{self, Flow, Span, Stay};

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MonthlyLine)]
pub struct Line {
    /// What happened.
    #[serde(flatten)]
    pub flow: Flow,
    /// Half of the reviews took at most so long, hours; none without decisions.
    pub review_median_hours: Option<f64>,
    /// Nine in ten of the orders that left the bureau were there at most so long, hours.
    pub bureau_p90_hours: Option<f64>,
}

/// The days of a month such as `2026-11`.
pub fn days_of(month: &str) -> Option<(NaiveDate, NaiveDate)> {
    let first: NaiveDate = format!("{month}-01").parse().ok()?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    (month.len() == 7).then_some((first, last))
}

/// The report.
pub async fn report(pool: &PgPool, span: &Span) -> Result<Vec<Line>, sqlx::Error> {
    let (flow, stays) = (figures::flow(pool, span).await?, figures::stays(pool, span).await?);
    let stay = |flow: &Flow, phase: &str| -> Option<&Stay> {
        stays.iter().find(|stay| stay.province == flow.province && stay.phase == phase)
    };
    Ok(flow
        .into_iter()
        .map(|flow| Line {
            review_median_hours: stay(&flow, "provider_review").map(|stay| stay.median_hours),
            bureau_p90_hours: stay(&flow, "at_bureau").map(|stay| stay.p90_hours),
            flow,
        })
        .collect())
}

/// The report as CSV with Chinese headings: UTF-8 with the mark by which spreadsheets know it, lines end with CR LF.
pub fn csv(lines: &[Line]) -> String {
    const HEADINGS: &str = "月份,省份,提交,规则退回,核验退回,初审通过,其中自动通过,初审退回,上报前退回,管局接收,管局通过,\
                            注销及取消接入,管局退回,短信核验超时,认领及转移,撤销,过期,初审通过率,管局通过率,\
                            初审时长中位数(小时),管局时长九成位(小时)";
    let mut text = format!("\u{feff}{HEADINGS}\r\n");
    for line in lines {
        let flow = &line.flow;
        let province = match flow.province.as_deref() {
            None => "合计",
            Some(letters) => match Province::parse(letters) {
                Some(province) => province.name_zh(),
                None => letters,
            },
        };
        let counts = [
            flow.submitted,
            flow.returned_by_rules,
            flow.returned_by_checks,
            flow.passed_by_review,
            flow.passed_by_policy,
            flow.returned_by_review,
            flow.refused_before_sending,
            flow.received_by_bureau,
            flow.approved,
            flow.cancelled,
            flow.returned_by_bureau,
            flow.sms_unconfirmed,
            flow.settled_here,
            flow.withdrawn,
            flow.expired,
        ];
        let shares = [flow.review_pass_rate, flow.bureau_pass_rate].map(|share| share.map(|share| share * 100.0));
        let percents = shares.map(|share| share.map_or(String::new(), |percent| format!("{percent:.2}%")));
        let hours = [line.review_median_hours, line.bureau_p90_hours]
            .map(|hours| hours.map_or(String::new(), |hours| format!("{hours:.1}")));
        let cells = [flow.month.clone(), province.to_owned()]
            .into_iter()
            .chain(counts.map(|count| count.to_string()))
            .chain(percents)
            .chain(hours);
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        let days = |month| days_of(month).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(days("2026-11").as_deref(), Some("2026-11-01 2026-11-30"));
        assert_eq!(days("2024-02").as_deref(), Some("2024-02-01 2024-02-29"));
        for month in ["2026-13", "2026", "2026-1", "11-2026", ""] {
            assert_eq!(days(month), None, "{month}");
        }
    }
}
