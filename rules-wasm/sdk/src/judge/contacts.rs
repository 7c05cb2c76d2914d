//! Mobiles, e-mails, emergency phones.

use icp_domain::identifiers::MobileNumber;

use super::{Case, Findings, Rule, is_same_person};
use crate::Person;
use crate::catalogue::{T02, T03, T04};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (path, person) in case.persons() {
        form(case, findings, &path, person);
        emergency(case, findings, &path, person);
    }
    shared_between_persons(case, findings);
    distinct_phones(case, findings);
    used_elsewhere(case, findings);
}

fn form(case: &Case<'_>, findings: &mut Findings, path: &str, person: &Person) {
    let mobile = &case.book.mobile_format;
    if mobile.value && MobileNumber::parse(&person.mobile).is_err() {
        findings.add(
            T02,
            Rule::of("mobile_format", mobile),
            format!("{path}.mobile"),
            "手机号码格式不正确，无法接收工信部核验短信",
            "this is not a mainland mobile number; the ministry's SMS cannot reach it",
        );
    }
    let email = &case.book.email_format;
    if email.value && !is_email(&person.email) {
        findings.add(
            T04,
            Rule::of("email_format", email),
            format!("{path}.email"),
            "电子邮箱格式不正确",
            "this is not an e-mail address",
        );
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let host_is_name = host.contains('.') && host.split('.').all(|label| !label.is_empty()) && !host.contains('@');
    !local.is_empty() && host_is_name && !text.chars().any(char::is_whitespace)
}

fn emergency(case: &Case<'_>, findings: &mut Findings, path: &str, person: &Person) {
    let rule = &case.book.emergency_differs;
    if rule.value && person.emergency_phone.as_deref() == Some(person.mobile.as_str()) {
        findings.add(
            T04,
            Rule::of("emergency_differs", rule),
            format!("{path}.emergency_phone"),
            "应急电话与本人手机相同",
            "the emergency phone is the person's own mobile",
        );
    }
}

fn shared_between_persons(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.distinct_contacts;
    if !param.value {
        return;
    }
    let rule = Rule::of("distinct_contacts", param);
    let first = &case.order.organiser.principal;
    for (path, service) in case.services() {
        let second = &service.principal;
        if is_same_person(first, second) {
            continue;
        }
        if first.mobile == second.mobile {
            findings.add(
                T03,
                rule,
                format!("{path}.principal.mobile"),
                "两位负责人不是同一人，手机号码不得相同",
                "the two persons in charge differ, so their mobiles must differ",
            );
        }
        if first.email.eq_ignore_ascii_case(&second.email) {
            findings.add(
                T03,
                rule,
                format!("{path}.principal.email"),
                "两位负责人不是同一人，电子邮箱不得相同",
                "the two persons in charge differ, so their e-mails must differ",
            );
        }
    }
}

fn distinct_phones(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.distinct_phones;
    let first = &case.order.organiser.principal;
    for (path, service) in case.services() {
        let second = &service.principal;
        let mut phones: Vec<&str> = [first, second]
            .into_iter()
            .flat_map(|person| [Some(person.mobile.as_str()), person.emergency_phone.as_deref()])
            .flatten()
            .collect();
        phones.sort_unstable();
        phones.dedup();
        let wanted =
            if is_same_person(first, second) { param.value.same_person } else { param.value.different_persons };
        if phones.len() < wanted {
            findings.add_with_remedy(
                T03,
                Rule::of("distinct_phones", param),
                format!("{path}.principal.emergency_phone"),
                (
                    format!("手机与应急电话至少须有 {wanted} 个不同号码，当前 {} 个", phones.len()),
                    format!("mobiles and emergency phones must hold {wanted} different numbers, not {}", phones.len()),
                ),
                ("补充一个不同的应急电话", "add a different emergency phone"),
            );
        }
    }
}

fn used_elsewhere(case: &Case<'_>, findings: &mut Findings) {
    let rule = &case.book.phone_unique_across_subjects;
    if !rule.value {
        return;
    }
    for (path, person) in case.persons() {
        let used = case.context.phone_uses.iter().find(|used| used.mobile == person.mobile);
        if let Some(used) = used.filter(|used| used.other_organisers > 0) {
            findings.add(
                T03,
                Rule::of("phone_unique_across_subjects", rule),
                format!("{path}.mobile"),
                format!("该手机号码已用于其他 {} 个主办者", used.other_organisers),
                format!("this mobile is on record for {} other organisers", used.other_organisers),
            );
        }
    }
}
