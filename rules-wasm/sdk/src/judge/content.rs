//! Service contents, licences given before the filing (前置审批), remarks.

use super::{Case, Findings, Rule};
use crate::InternetService;
use crate::catalogue::{C04, C05, R01};
use crate::text::{is_blank, normalised, words_in};

/// 服务内容 其他.
const CONTENT_OTHER: u16 = 24;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (path, service) in case.services() {
        if case.is_person() {
            persons_content(case, findings, &path, service);
        }
        other_is_explained(case, findings, &path, service);
        licensed_content(case, findings, &path, service);
        licensed_words(case, findings, &path, service);
        remarks(case, findings, &path, service);
    }
}

fn persons_content(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let (allow, deny) = (&case.book.content_allow_person, &case.book.content_deny_person);
    for (index, content) in service.contents.iter().enumerate() {
        let field = format!("{path}.contents[{index}]");
        if deny.value.contains(content) {
            findings.add(
                C04,
                Rule::of("content_deny_person", deny),
                field,
                format!("{}不接受个人网站选择服务内容 {content}", case.book.bureau),
                format!("this bureau does not accept service content {content} from persons"),
            );
        } else if !allow.value.contains(content) {
            findings.add(
                C04,
                Rule::of("content_allow_person", allow),
                field,
                format!("个人网站不得选择服务内容 {content}，可选：{:?}", allow.value),
                format!("persons may not choose service content {content}, only {:?}", allow.value),
            );
        }
    }
}

fn other_is_explained(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let rule = &case.book.content_other_remark;
    if rule.value && service.contents.contains(&CONTENT_OTHER) && is_blank(service.remark.as_deref()) {
        findings.add(
            R01,
            Rule::of("content_other_remark", rule),
            format!("{path}.remark"),
            "服务内容选择“其他”时须在备注中说明网站内容",
            "service content 其他 (other) must be explained in the remark",
        );
    }
}

fn licensed_content(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let rule = &case.book.content_licensed;
    let needs: Vec<u16> = service.contents.iter().copied().filter(|content| rule.value.contains(content)).collect();
    if !needs.is_empty() && service.pre_approvals.is_empty() {
        findings.add(
            C05,
            Rule::of("content_licensed", rule),
            format!("{path}.pre_approvals"),
            format!("服务内容 {needs:?} 涉及前置审批，未提供前置审批号"),
            format!("service contents {needs:?} need a licence first; none is given"),
        );
    }
}

fn licensed_words(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    if !service.pre_approvals.is_empty() {
        return;
    }
    let site = normalised(&service.name);
    let organiser = normalised(&case.order.organiser.name);
    let tables =
        [("licensed_words", &case.book.licensed_words), ("licensed_words_here", &case.book.licensed_words_here)];
    for (name, table) in tables {
        for entry in table.value {
            let in_site = words_in(&site, entry.words);
            let in_organiser = if case.is_person() { Vec::new() } else { words_in(&organiser, entry.words) };
            let (field, found) = match (in_site.as_slice(), in_organiser.as_slice()) {
                ([], []) => continue,
                ([], found) => (String::from("organiser.name"), found),
                (found, _) => (format!("{path}.name"), found),
            };
            findings.add_with_remedy(
                C05,
                Rule::of(name, table),
                field,
                (
                    format!("名称中的“{}”涉及{}前置审批，须有{}", found.join("、"), entry.topic_zh, entry.permit_zh),
                    format!(
                        "“{}” in the name points to {}: a licence is needed first",
                        found.join(", "),
                        entry.topic_en
                    ),
                ),
                (
                    format!("提交{}；不涉及的，修改名称或提交不涉及承诺", entry.permit_zh),
                    "hand in the licence, or change the name or pledge that it is not touched",
                ),
            );
        }
    }
}

fn remarks(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let rule = &case.book.remark_for_words;
    let names = normalised(&service.name) + &normalised(&case.order.organiser.name);
    for entry in rule.value {
        let found = words_in(&names, entry.words);
        if !found.is_empty() && is_blank(service.remark.as_deref()) {
            findings.add_with_remedy(
                R01,
                Rule::of("remark_for_words", rule),
                format!("{path}.remark"),
                (
                    format!("名称含“{}”，备注须写明：{}", found.join("、"), entry.remark_zh),
                    format!("the name holds “{}”: the remark must say {}", found.join(", "), entry.remark_en),
                ),
                (format!("在备注中写明：{}", entry.remark_zh), format!("write in the remark: {}", entry.remark_en)),
            );
        }
    }
}
