//! Service contents (服务内容), licences given before the filing (前置审批), remarks.

use super::condition::holds;
use super::{At, Case, Findings, Rule};
use crate::InternetService;
use crate::book::{Instead, LicensedWords, RemarkOf, RemarkRule, Says};
use crate::catalogue::{C04, C05, R01};
use crate::param::Param;
use crate::text::{comparable, contains, is_blank, words_in};

/// 服务内容 其他.
const CONTENT_OTHER: u16 = 24;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if case.scope.services {
        for (at, service) in case.services() {
            chosen(case, findings, at, service);
            other_is_explained(case, findings, at, service);
            licensed_content(case, findings, at, service);
            licensed_words(case, findings, at, service);
        }
    }
    for rule in case.book.remark_rules.value {
        remark(case, findings, rule);
    }
}

fn chosen(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let book = case.book;
    let ((deny_name, deny), (allow_name, allow)) = if case.is_person() {
        (("content_deny_person", &book.content_deny_person), ("content_allow_person", &book.content_allow_person))
    } else {
        (("content_deny_unit", &book.content_deny_unit), ("content_allow_unit", &book.content_allow_unit))
    };
    for (index, content) in service.contents.iter().enumerate() {
        let field = || format!("{at}.contents[{index}]");
        if deny.value.contains(content) {
            findings.add(
                C04,
                Rule::of(deny_name, deny),
                field(),
                format_args!("{}不接受选择服务内容 {content}", book.bureau),
                format_args!("this bureau does not accept service content {content}"),
            );
        } else if !allow.value.is_empty() && !allow.value.contains(content) {
            findings.add(
                C04,
                Rule::of(allow_name, allow),
                field(),
                format_args!("不得选择服务内容 {content}，可选：{:?}", allow.value),
                format_args!("service content {content} is not allowed, only {:?}", allow.value),
            );
        }
    }
}

fn other_is_explained(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let rule = &case.book.content_other_remark;
    if rule.value && service.contents.contains(&CONTENT_OTHER) && is_blank(service.remark.as_deref()) {
        findings.add(
            R01,
            Rule::of("content_other_remark", rule),
            at.field("remark"),
            "服务内容选择“其他”时须在备注中说明网站内容",
            "service content 其他 (other) must be explained in the remark",
        );
    }
}

fn licensed_content(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    if !service.pre_approvals.is_empty() {
        return;
    }
    let rule = &case.book.content_licensed;
    if service.contents.iter().any(|content| rule.value.contains(content)) {
        let needs: Vec<u16> = service.contents.iter().copied().filter(|content| rule.value.contains(content)).collect();
        findings.add(
            C05,
            Rule::of("content_licensed", rule),
            at.field("pre_approvals"),
            format_args!("服务内容 {needs:?} 涉及前置审批，未提供前置审批号"),
            format_args!("service contents {needs:?} need a licence first; none is given"),
        );
    }
    let permits = &case.book.content_permits;
    for permit in permits.value {
        let chosen = service.contents.iter().any(|content| permit.contents.contains(content));
        if chosen && permit.from.includes(case.is_person()) {
            findings.add_with_remedy(
                C05,
                Rule::of("content_permits", permits),
                at.field("pre_approvals"),
                (
                    format_args!("服务内容须先取得{}", permit.permit_zh),
                    "this service content needs a licence first here",
                ),
                (format_args!("提交{}", permit.permit_zh), "hand in the licence"),
            );
        }
    }
}

fn licensed_words(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let book = case.book;
    for (name, table) in [("licensed_words", &book.licensed_words), ("licensed_words_here", &book.licensed_words_here)]
    {
        for entry in table.value {
            licensed(case, findings, at, service, name, table, entry);
        }
    }
}

fn licensed(
    case: &Case<'_>,
    findings: &mut Findings,
    at: At,
    service: &InternetService,
    name: &'static str,
    table: &Param<&'static [LicensedWords]>,
    entry: &LicensedWords,
) {
    let is_given = |given: &crate::PreApproval| entry.category == 0 || given.category == entry.category;
    if service.pre_approvals.iter().any(is_given) {
        return;
    }
    let At::Service(service_index) = at else { return };
    let is_scope_read = entry.in_scope && !case.is_person();
    let place = |index: usize| match index {
        0 => case.site_text(service_index),
        1 => Some(case.organiser_text()).filter(|_| !case.is_person()),
        _ if is_scope_read => case.scope_text(),
        _ => None,
    };
    let holds_words =
        |index: &usize| place(*index).is_some_and(|text| text.without(entry.except).contains_any(entry.words));
    let Some(index) = (0..3).find(holds_words) else { return };
    if let Instead::Commitment(paper) = entry.instead
        && case.material_of(&[paper]).is_some()
    {
        return;
    }
    let found = place(index).map(|text| words_in(text.without(entry.except).as_str(), entry.words)).unwrap_or_default();
    let field = match index {
        0 => at.field("name"),
        1 => At::Organiser.field("name"),
        _ => "enterprise.business_scope".to_owned(),
    };
    let (remedy_zh, remedy_en) = match entry.instead {
        Instead::Nothing => (
            format!("提交{}；不涉及的，修改名称", entry.permit_zh),
            "hand in the licence, or change the name".to_owned(),
        ),
        Instead::Commitment(paper) => (
            format!("提交{}；不涉及的，提交{}", entry.permit_zh, paper.title_zh),
            format!("hand in the licence, or the {}", paper.title_en),
        ),
        Instead::CutScope => (
            format!("提交{}；不涉及的，修改名称并删减经营范围（不接受承诺书）", entry.permit_zh),
            "hand in the licence, or change name and business scope; no commitment is accepted".to_owned(),
        ),
    };
    findings.add_with_remedy(
        C05,
        Rule::of(name, table),
        field,
        (
            format_args!("“{}”涉及{}前置审批，须有{}", found.join("、"), entry.topic_zh, entry.permit_zh),
            format_args!("“{}” points to {}: a licence is needed first", found.join(", "), entry.topic_en),
        ),
        (remedy_zh, remedy_en),
    );
}

fn remark(case: &Case<'_>, findings: &mut Findings, rule: &RemarkRule) {
    match rule.of {
        RemarkOf::Organiser => {
            if holds(case, &rule.when, None) {
                one_remark(case, findings, rule, At::Organiser, case.order.organiser.remark.as_deref());
            }
        }
        RemarkOf::Service => {
            for (index, service) in case.order.services.iter().enumerate() {
                if holds(case, &rule.when, Some(index)) {
                    one_remark(case, findings, rule, At::Service(index), service.remark.as_deref());
                }
            }
        }
    }
}

fn one_remark(case: &Case<'_>, findings: &mut Findings, rule: &RemarkRule, at: At, remark: Option<&str>) {
    let text = remark.map(comparable).unwrap_or_default();
    let holds_text = |wanted: &&str| contains(&text, &comparable(wanted));
    let is_said = !text.is_empty()
        && match rule.says {
            Says::Something => true,
            Says::OneOf(texts) => texts.iter().any(holds_text),
            Says::AllOf(texts) => texts.iter().all(holds_text),
            Says::Chars(least) => text.chars().count() >= least,
            Says::OneOfAndChars(texts, least) => texts.iter().any(holds_text) && text.chars().count() >= least,
        };
    if !is_said {
        findings.add_with_remedy(
            R01,
            Rule::of("remark_rules", &case.book.remark_rules),
            at.field("remark"),
            (format_args!("备注须写明：{}", rule.remark_zh), format_args!("the remark must say: {}", rule.remark_en)),
            (format_args!("在备注中写明：{}", rule.remark_zh), format_args!("write in the remark: {}", rule.remark_en)),
        );
    }
}
