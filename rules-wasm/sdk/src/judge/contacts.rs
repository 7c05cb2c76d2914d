//! Mobiles, e-mails, emergency phones.

use icp_domain::identifiers::{Landline, MobileNumber};

use super::{At, Case, Findings, Rule, is_same_person};
use crate::Person;
use crate::book::MobileLocal;
use crate::catalogue::{T02, T03, T04};
use crate::text::is_blank;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (at, person) in case.persons_judged() {
        form(case, findings, at, person);
        local(case, findings, at, person);
        emergency(case, findings, at, person);
        landline(case, findings, at, person);
    }
    if case.scope.services {
        shared_between_persons(case, findings);
        distinct_phones(case, findings);
    }
    used_elsewhere(case, findings);
}

fn form(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let mobile = &case.book.mobile_format;
    if mobile.value && MobileNumber::check(&person.mobile).is_err() {
        findings.add(
            T02,
            Rule::of("mobile_format", mobile),
            at.field("mobile"),
            "手机号码格式不正确，无法接收工信部核验短信",
            "this is not a mainland mobile number; the ministry's SMS cannot reach it",
        );
    }
    let denied = &case.book.mobile_deny_segments;
    if denied.value.iter().any(|segment| person.mobile.starts_with(segment)) {
        findings.add(
            T02,
            Rule::of("mobile_deny_segments", denied),
            at.field("mobile"),
            "该号段可能无法接收工信部核验短信",
            "numbers that begin so may not receive the ministry's SMS",
        );
    }
    let email = &case.book.email_format;
    if email.value && !is_email(&person.email) {
        findings.add(
            T04,
            Rule::of("email_format", email),
            at.field("email"),
            "电子邮箱格式不正确",
            "this is not an e-mail address",
        );
    }
}

/// A part before the one `@`, after it a name with a dot and without empty labels, blanks nowhere.
fn is_email(text: &str) -> bool {
    // Of the part or label that is being read.
    let mut is_empty = true;
    let (mut is_host, mut has_dot) = (false, false);
    for character in text.chars() {
        match character {
            '@' if is_host || is_empty => return false,
            '@' => (is_host, is_empty) = (true, true),
            '.' if is_host && is_empty => return false,
            '.' if is_host => (has_dot, is_empty) = (true, true),
            _ if character.is_whitespace() => return false,
            _ => is_empty = false,
        }
    }
    has_dot && !is_empty
}

fn local(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let param = &case.book.mobile_local;
    let is_from_here = case.person_facts(at).and_then(|facts| facts.home) == Some(case.book.province);
    let is_meant = match param.value {
        MobileLocal::Nobody => false,
        MobileLocal::PersonsFromElsewhere => case.is_person() && !is_from_here,
        MobileLocal::Persons => case.is_person(),
        MobileLocal::Everybody => true,
    };
    let known = case.context.phone_uses.iter().find(|known| known.mobile == person.mobile);
    let is_elsewhere =
        known.and_then(|known| known.province_code).is_some_and(|code| code != case.book.province.code());
    if is_meant && is_elsewhere {
        findings.add_with_remedy(
            T02,
            Rule::of("mobile_local", param),
            at.field("mobile"),
            (
                format_args!("手机号码须为{}号段", case.book.province.name_zh()),
                format_args!("the mobile must be one of {}", case.book.province.letters()),
            ),
            ("更换本地手机号码", "give a local mobile"),
        );
    }
}

fn emergency(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let book = case.book;
    let phone = person.emergency_phone.as_deref();
    let mut report = |rule: Rule, zh: &str, en: &str| findings.add(T04, rule, at.field("emergency_phone"), zh, en);
    if is_blank(phone) {
        if book.emergency_required.value.includes(case.is_person()) {
            report(
                Rule::of("emergency_required", &book.emergency_required),
                "须填写应急电话",
                "an emergency phone is needed",
            );
        }
        return;
    }
    if book.emergency_differs.value && phone == Some(person.mobile.as_str()) {
        report(
            Rule::of("emergency_differs", &book.emergency_differs),
            "应急电话与本人手机相同",
            "the emergency phone is the person's own mobile",
        );
    }
    let is_mobile = phone.is_some_and(|phone| MobileNumber::check(phone).is_ok());
    let is_of_the_two = case.persons().any(|(_, other)| phone == Some(other.mobile.as_str()));
    if book.emergency_third_mobile.value && !case.is_person() && (!is_mobile || is_of_the_two) {
        report(
            Rule::of("emergency_third_mobile", &book.emergency_third_mobile),
            "应急电话须为第三名员工的手机",
            "the emergency phone must be the mobile of a third member of the staff",
        );
    }
}

fn landline(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let differs = &case.book.office_phone_differs;
    if differs.value && person.office_phone.as_deref() == Some(person.mobile.as_str()) {
        findings.add(
            T04,
            Rule::of("office_phone_differs", differs),
            at.field("office_phone"),
            "办公电话不得与本人手机相同",
            "the office phone is the person's own mobile",
        );
    }
    let param = &case.book.landline_required;
    let has_landline = person.office_phone.as_deref().is_some_and(|phone| Landline::parse(phone).is_ok());
    if param.value && !case.is_person() && !has_landline {
        findings.add_with_remedy(
            T04,
            Rule::of("landline_required", param),
            at.field("office_phone"),
            ("办公电话须为固定电话", "the office phone must be a landline"),
            ("填写固定电话，如 025-12345678", "give a landline such as 025-12345678"),
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
    for (at, service) in case.services() {
        let second = &service.principal;
        if is_same_person(first, second) {
            continue;
        }
        if first.mobile == second.mobile {
            findings.add(
                T03,
                rule,
                at.field("principal.mobile"),
                "两位负责人不是同一人，手机号码不得相同",
                "the two persons in charge differ, so their mobiles must differ",
            );
        }
        if first.email.eq_ignore_ascii_case(&second.email) {
            findings.add(
                T03,
                rule,
                at.field("principal.email"),
                "两位负责人不是同一人，电子邮箱不得相同",
                "the two persons in charge differ, so their e-mails must differ",
            );
        }
    }
}

fn distinct_phones(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.distinct_phones;
    let first = &case.order.organiser.principal;
    for (at, service) in case.services() {
        let second = &service.principal;
        let phones = [
            Some(first.mobile.as_str()),
            first.emergency_phone.as_deref(),
            Some(second.mobile.as_str()),
            second.emergency_phone.as_deref(),
        ];
        let is_new = |(index, phone): (usize, &Option<&str>)| {
            phone.is_some() && !phones.iter().take(index).any(|other| other == phone)
        };
        let count = phones.iter().enumerate().filter(|each| is_new(*each)).count();
        let wanted =
            if is_same_person(first, second) { param.value.same_person } else { param.value.different_persons };
        if count < wanted {
            findings.add_with_remedy(
                T03,
                Rule::of("distinct_phones", param),
                at.field("principal.emergency_phone"),
                (
                    format_args!("手机与应急电话至少须有 {wanted} 个不同号码，当前 {} 个", count),
                    format_args!("mobiles and emergency phones must hold {wanted} different numbers, not {}", count),
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
    for (at, person) in case.persons_judged() {
        let used = case.context.phone_uses.iter().find(|used| used.mobile == person.mobile);
        if let Some(used) = used.filter(|used| used.other_organisers > 0) {
            findings.add(
                T03,
                Rule::of("phone_unique_across_subjects", rule),
                at.field("mobile"),
                format_args!("该手机号码已用于其他 {} 个主办者", used.other_organisers),
                format_args!("this mobile is on record for {} other organisers", used.other_organisers),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_of_mail_have_two_parts() {
        for text in ["a@b.cn", "a.b@c.d.cn", ".@b.c", "示例@示例.中国"] {
            assert!(is_email(text), "{text}");
        }
        for text in ["", "a", "@b.cn", "a@", "a@b", "a@.cn", "a@b.", "a@b..cn", "a@b@c.cn", "a b@c.cn", "a@b.c\u{3000}"]
        {
            assert!(!is_email(text), "{text}");
        }
    }
}
