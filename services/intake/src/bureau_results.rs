//! What the bureau's refusals mean for the applicant: each result code, and each part of a text that names a field,
//! becomes a finding with field, reason and remedy. The table is data: `data/bureau-results.toml`.
//!
//! Findings hold no words of the bureau: officers write freely, so their words are kept encrypted (see
//! [`crate::desk::words`]).

use std::path::Path;

use anyhow::Context as _;
use icp_domain::{Filing, Finding, FindingSource, InternetService, Severity, Stage};
use serde::Deserialize;

use crate::order::SMS_UNCONFIRMED;

const TABLE: &str = include_str!("../data/bureau-results.toml");
/// Stands in a path for the service that is meant.
const ANY_SERVICE: &str = "services[]";
/// What ends one remark of an officer and begins the next.
const SEPARATORS: [char; 9] = ['，', '。', '；', '、', '\n', ',', ';', '：', '!'];

/// The table of codes and words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BureauResults {
    source: Source,
    results: Vec<Row>,
    words: Vec<Naming>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    title: String,
    as_of: String,
    confidence: String,
}

/// What a code means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: u32,
    field: String,
    zh: String,
    en: String,
    remedy_zh: String,
    remedy_en: String,
}

/// Words that name a field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Naming {
    field: String,
    all: Vec<String>,
}

impl Naming {
    fn is_in(&self, part: &str) -> bool {
        self.all.iter().all(|words| words.split('|').any(|word| part.contains(word)))
    }
}

/// One result as the relay tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Jgdm of the interface document.
    pub code: u32,
    /// Path of the field, where the relay's own check found the fault.
    pub field: String,
    /// The words about it.
    pub text: String,
}

impl BureauResults {
    /// The compiled-in table, or the one in this file.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        if file.as_os_str().is_empty() {
            return Ok(toml::from_str(TABLE)?);
        }
        let read = || -> anyhow::Result<Self> { Ok(toml::from_str(&std::fs::read_to_string(file)?)?) };
        read().with_context(|| format!("intake.bureau_results_file {}", file.display()))
    }

    /// The findings of a refusal, each with the words that it rests on.
    pub fn findings(&self, results: &[Told], is_sms_timeout: bool, filing: &Filing) -> Vec<(Finding, String)> {
        let mut findings: Vec<(Finding, String)> = Vec::new();
        for result in results {
            let fields = if is_sms_timeout { vec![String::new()] } else { self.fields(result, filing) };
            for field in fields {
                let finding = if is_sms_timeout { unconfirmed() } else { self.finding(result.code, field) };
                if findings.iter().all(|(known, text)| *known != finding || *text != result.text) {
                    findings.push((finding, result.text.clone()));
                }
            }
        }
        findings
    }

    /// The fields that a result is about: the relay's, else those that the text names, else the code's.
    fn fields(&self, result: &Told, filing: &Filing) -> Vec<String> {
        if !result.field.is_empty() {
            return vec![result.field.clone()];
        }
        let mut fields = Vec::new();
        for part in result.text.split(SEPARATORS) {
            let Some(naming) = self.words.iter().find(|naming| naming.is_in(part)) else { continue };
            fields.extend(placed(&naming.field, &result.text, filing));
        }
        if fields.is_empty() {
            let by_code = self.row(result.code).map(|row| row.field.as_str()).unwrap_or_default();
            fields.extend(placed(by_code, &result.text, filing));
        }
        fields
    }

    fn row(&self, code: u32) -> Option<&Row> {
        self.results.iter().find(|row| row.code == code)
    }

    fn finding(&self, code: u32, field: String) -> Finding {
        let row = self.row(code);
        Finding {
            code: format!("B{code}"),
            stage: Stage::Bureau,
            severity: Severity::Block,
            field,
            message_zh: row.map_or_else(|| format!("管局退回，结果代码 {code}"), |row| row.zh.clone()),
            message_en: row
                .map_or_else(|| format!("the bureau answered with result code {code}"), |row| row.en.clone()),
            remedy: row.map_or_else(
                || "按管局意见修改后重新提交。Mend what the bureau names, then submit again.".to_owned(),
                |row| format!("{}。{}.", row.remedy_zh, row.remedy_en),
            ),
            source: row.map(|_| FindingSource {
                title: self.source.title.clone(),
                as_of: self.source.as_of.clone(),
                confidence: self.source.confidence.clone(),
            }),
        }
    }
}

/// The ministry's window has closed: not the code counts, but what happened.
fn unconfirmed() -> Finding {
    Finding {
        code: SMS_UNCONFIRMED.to_owned(),
        stage: Stage::Bureau,
        severity: Severity::Block,
        field: String::new(),
        message_zh: "未在 24 小时内完成短信核验".to_owned(),
        message_en: "The ministry's SMS was not confirmed within 24 hours.".to_owned(),
        remedy: "Submit again, and confirm the code on the ministry's page within 24 hours.".to_owned(),
        source: None,
    }
}

/// A path with the services that a text means: those that it names, else the only one, else all of them.
fn placed(field: &str, text: &str, filing: &Filing) -> Vec<String> {
    let Some(rest) = field.strip_prefix(ANY_SERVICE) else { return vec![field.to_owned()] };
    let mut meant: Vec<usize> =
        (0..).zip(&filing.services).filter(|(_, it)| names(text, it)).map(|(at, _)| at).collect();
    if meant.is_empty() && filing.services.len() == 1 {
        meant.push(0);
    }
    if meant.is_empty() {
        return vec!["services".to_owned()];
    }
    meant.into_iter().map(|index| format!("services[{index}]{rest}")).collect()
}

fn names(text: &str, service: &InternetService) -> bool {
    let mut known = service.domains.iter().chain(&service.number).chain(std::iter::once(&service.name));
    known.any(|name| !name.trim().is_empty() && text.contains(name.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::company_filing;

    use super::*;

    fn table() -> BureauResults {
        BureauResults::load(Path::new("")).unwrap()
    }

    fn told(code: u32, text: &str) -> Told {
        Told { code, text: text.to_owned(), ..Told::default() }
    }

    /// Two services, so that the one that is meant must be found.
    fn filing() -> Filing {
        let mut filing = company_filing(Province::Guangdong, 1);
        let mut other = filing.services[0].clone();
        other.name = "示例第二站".to_owned();
        other.domains = vec!["second-specimen.cn".to_owned()];
        filing.services.push(other);
        filing
    }

    fn fields(filing: &Filing, result: Told) -> Vec<String> {
        table().findings(&[result], false, filing).into_iter().map(|(finding, _)| finding.field).collect()
    }

    #[test]
    fn codes_and_words_name_fields() {
        let one = company_filing(Province::Guangdong, 1);
        for (code, text, expected) in [
            (1020, "网站名称冲突", &["services[0].name"][..]),
            (1004, "", &["services[0].domains"]),
            (1011, "", &["organiser.principal.mobile"]),
            (1011, "网站负责人手机号码无效", &["services[0].principal.mobile"]),
            (1002, "网站名称不规范，主体负责人手机无法接通", &["services[0].name", "organiser.principal.mobile"]),
            (1002, "主体负责人身份证过期", &["organiser.principal.id.number"]),
            (1002, "核验单填写不完整", &["materials"]),
            (1002, "不符合要求", &[""]),
            (1999, "", &[""]),
            (7777, "其他", &[""]),
        ] {
            assert_eq!(fields(&one, told(code, text)), expected, "{code} {text}");
        }
    }

    #[test]
    fn the_service_is_the_one_that_the_text_names() {
        let two = filing();
        assert_eq!(fields(&two, told(1005, "域名已在库 second-specimen.cn")), ["services[1].domains"]);
        assert_eq!(fields(&two, told(1020, "示例第二站：网站名称冲突")), ["services[1].name"]);
        assert_eq!(fields(&two, told(1020, "网站名称冲突")), ["services"], "either may be meant");
        let own = Told { code: 5001, field: "services[1].principal.mobile".to_owned(), text: "域名".to_owned() };
        assert_eq!(fields(&two, own), ["services[1].principal.mobile"], "the relay knows it exactly");
    }

    #[test]
    fn a_finding_says_reason_remedy_and_source_but_not_the_bureaus_words() {
        let told = [told(1020, "张三的网站名称冲突"), told(1020, "张三的网站名称冲突"), told(4711, "张三")];
        let findings = table().findings(&told, false, &company_filing(Province::Guangdong, 1));
        assert_eq!(findings.len(), 2, "the same twice is said once");
        let (known, words) = &findings[0];
        assert_eq!(
            (known.code.as_str(), known.message_zh.as_str(), words.as_str()),
            ("B1020", "网站名称冲突", "张三的网站名称冲突")
        );
        assert!(known.remedy.contains("更换") && known.remedy.contains("another name"));
        assert_eq!(known.source.as_ref().unwrap().as_of, "2013-10");
        assert!(findings.iter().all(|(finding, _)| !format!("{finding:?}").contains("张三")));
    }

    #[test]
    fn an_sms_timeout_says_how_to_go_on() {
        let findings = table().findings(&[told(1999, "短信核验超时")], true, &filing());
        assert_eq!((findings.len(), findings[0].0.code.as_str()), (1, "V05"));
        assert!(findings[0].0.remedy.contains("24 hours"));
    }

    #[test]
    fn every_field_of_the_table_is_one_of_the_form() {
        let form = serde_json::to_value(icp_testkit::filings::filing_of_type(
            icp_domain::OrderType::FirstFiling,
            Province::Guangdong,
            1,
        ))
        .unwrap();
        let table = table();
        let codes: std::collections::BTreeSet<u32> = table.results.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), table.results.len(), "a code stands once");
        // Left out of the form while they are empty.
        let optional =
            ["number", "investor", "pre_approvals", "remark", "home_url", "office_phone", "emergency_phone", "address"];
        let apart = ["", "materials", "order_type", "cancellation.reason"];
        let fields = table.results.iter().map(|row| &row.field).chain(table.words.iter().map(|row| &row.field));
        for field in fields.filter(|field| !apart.contains(&field.as_str())) {
            let path = format!("/{}", field.replace("[]", "[0]").replace(['.', '['], "/").replace(']', ""));
            let is_known = form.pointer(&path).is_some() || optional.iter().any(|name| path.ends_with(name));
            assert!(is_known, "{field}");
        }
    }
}
