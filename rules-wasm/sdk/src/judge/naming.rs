//! Names of services (filing-rules §5).

use super::{Case, Findings, Rule};
use crate::InternetService;
use crate::catalogue::{N01, N02};
use crate::param::Param;
use crate::text::{is_blank, is_han, normalised, words_in};

/// Special characters that names may hold beside letters, digits and Chinese characters.
const PUNCTUATION_ALLOWED: [char; 6] = ['·', '-', '—', '&', '(', ')'];

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (path, service) in case.services() {
        let field = format!("{path}.name");
        let name = normalised(&service.name);
        form(case, findings, &field, service, &name);
        words(case, findings, &field, &name);
        if case.is_person() {
            not_own(case, findings, &field, &name);
        } else {
            related(case, findings, &field, service, &name);
        }
    }
}

fn form(case: &Case<'_>, findings: &mut Findings, field: &str, service: &InternetService, name: &str) {
    let least = &case.book.name_min_han;
    let han_count = name.chars().filter(|character| is_han(*character)).count();
    if han_count < least.value {
        findings.add(
            N01,
            Rule::of("name_min_han", least),
            field,
            format!("名称至少须有 {} 个汉字", least.value),
            format!("the name needs at least {} Chinese characters", least.value),
        );
    }
    let plain = &case.book.name_not_plain;
    if !plain.value {
        return;
    }
    let rule = Rule::of("name_not_plain", plain);
    if name.chars().any(|c| !c.is_alphanumeric() && !PUNCTUATION_ALLOWED.contains(&c)) {
        findings.add(N01, rule, field, "名称含有特殊字符", "the name holds special characters");
    }
    if service.domains.iter().any(|domain| name.contains(&normalised(domain))) {
        findings.add(N01, rule, field, "名称不得使用域名", "the name must not be the domain");
    }
}

fn words(case: &Case<'_>, findings: &mut Findings, field: &str, name: &str) {
    let book = case.book;
    let everybody: [(&str, &Param<_>, &str, &str); 3] = [
        ("name_state_words", &book.name_state_words, "非国家机构不得使用", "only state bodies may use them"),
        ("name_sensitive_words", &book.name_sensitive_words, "不得使用", "nobody may use them"),
        ("name_deny_all", &book.name_deny_all, "本省不得使用", "this bureau allows them to nobody"),
    ];
    let persons: [(&str, &Param<_>, &str, &str); 2] = [
        (
            "name_deny_person",
            &book.name_deny_person,
            "本省个人网站不得使用",
            "this bureau does not allow them for persons",
        ),
        (
            "name_deny_person_national",
            &book.name_deny_person_national,
            "个人网站一般不得使用",
            "persons usually may not use them",
        ),
    ];
    let is_person = case.is_person();
    let mut reported: Vec<&str> = Vec::new();
    for (rule, param, zh, en) in everybody.into_iter().chain(persons.into_iter().filter(|_| is_person)) {
        let found: Vec<&str> =
            words_in(name, param.value).into_iter().filter(|word| !reported.contains(word)).collect();
        if found.is_empty() {
            continue;
        }
        let quoted = found.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join("");
        findings.add_with_remedy(
            N01,
            Rule::of(rule, param),
            field,
            (format!("名称含有{quoted}，{zh}"), format!("the name holds {quoted}: {en}")),
            (format!("更换网站名称，去掉{quoted}"), format!("choose a name without {quoted}")),
        );
        reported.extend(found);
    }
}

fn not_own(case: &Case<'_>, findings: &mut Findings, field: &str, name: &str) {
    let rule = &case.book.name_not_own;
    let own = normalised(&case.order.organiser.name);
    if rule.value && !own.is_empty() && name.contains(&own) {
        findings.add(
            N01,
            Rule::of("name_not_own", rule),
            field,
            "个人网站名称不得使用本人姓名",
            "a person's site must not carry the person's name",
        );
    }
}

/// Whether the name shares two neighbouring characters with the organiser's name.
fn related(case: &Case<'_>, findings: &mut Findings, field: &str, service: &InternetService, name: &str) {
    let rule = &case.book.name_related;
    let organiser: Vec<char> = normalised(&case.order.organiser.name).chars().collect();
    let characters: Vec<char> = name.chars().collect();
    let is_related = characters.windows(2).any(|pair| organiser.windows(2).any(|other| pair == other));
    if rule.value && !is_related && is_blank(service.remark.as_deref()) {
        findings.add(
            N02,
            Rule::of("name_related", rule),
            field,
            "名称与单位名称无共同字样，可能被认为与主体无关",
            "the name shares nothing with the unit's name and may be taken as unrelated",
        );
    }
}
