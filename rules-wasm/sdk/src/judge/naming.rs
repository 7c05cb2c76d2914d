//! Names of services (filing-rules §5).

use super::condition::is_name_twice;
use super::{At, Case, Findings, Rule};
use crate::catalogue::{N01, N02};
use crate::param::Param;
use crate::text::{Searchable, comparable, contains, is_blank, is_common_han, is_han, words_in};
use crate::{InternetService, ServiceKind};

/// Special characters that names may hold beside letters, digits and Chinese characters.
const PUNCTUATION_ALLOWED: [char; 6] = ['·', '-', '—', '&', '(', ')'];

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if !case.scope.services {
        return;
    }
    for (at, service) in case.services() {
        let name = case.site_name(at);
        form(case, findings, at, service, name);
        letters(case, findings, at, name);
        words(case, findings, at, name);
        endings(case, findings, at, name);
        regions(case, findings, at);
        if case.is_person() {
            not_own(case, findings, at, name);
        } else {
            related(case, findings, at, service, name);
        }
        twice(case, findings, at, service);
        app(case, findings, at, service, name);
    }
}

/// Names of services that are approved already are only reviewed.
fn rule_of<T>(case: &Case<'_>, name: &'static str, param: &Param<T>) -> Rule {
    let rule = Rule::of(name, param);
    if case.scope.services_approved { rule.reviewed() } else { rule }
}

fn form(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService, name: &str) {
    let least = &case.book.name_min_han;
    let han_count = name.chars().filter(|character| is_han(*character)).count();
    if han_count < least.value {
        findings.add(
            N01,
            rule_of(case, "name_min_han", least),
            at.field("name"),
            format_args!("名称至少须有 {} 个汉字", least.value),
            format_args!("the name needs at least {} Chinese characters", least.value),
        );
    }
    let most = &case.book.name_max_chars_person;
    if case.is_person() && name.chars().count() > most.value {
        findings.add(
            N01,
            rule_of(case, "name_max_chars_person", most),
            at.field("name"),
            format_args!("个人网站名称建议不超过 {} 个字", most.value),
            format_args!("the name of a person's site should have at most {} characters", most.value),
        );
    }
    let plain = &case.book.name_not_plain;
    if !plain.value {
        return;
    }
    let rule = rule_of(case, "name_not_plain", plain);
    if name.chars().any(|c| !is_common_han(c) && !c.is_alphanumeric() && !PUNCTUATION_ALLOWED.contains(&c)) {
        findings.add(N01, rule, at.field("name"), "名称含有特殊字符", "the name holds special characters");
    }
    if service.domains.iter().any(|domain| !domain.is_empty() && contains(name, &comparable(domain))) {
        findings.add(N01, rule, at.field("name"), "名称不得使用域名", "the name must not be the domain");
    }
}

fn letters(case: &Case<'_>, findings: &mut Findings, at: At, name: &str) {
    let (latin, digits) = (&case.book.name_no_latin, &case.book.name_no_digits);
    if latin.value.includes(case.is_person()) && name.chars().any(|c| c.is_ascii_alphabetic()) {
        findings.add(
            N01,
            rule_of(case, "name_no_latin", latin),
            at.field("name"),
            "名称不得含有英文或拼音",
            "the name must not hold Latin letters",
        );
    }
    if digits.value.includes(case.is_person()) && name.chars().any(|c| c.is_ascii_digit()) {
        findings.add(
            N01,
            rule_of(case, "name_no_digits", digits),
            at.field("name"),
            "名称不得含有数字",
            "the name must not hold digits",
        );
    }
}

fn endings(case: &Case<'_>, findings: &mut Findings, at: At, name: &str) {
    let (deny, only) = (&case.book.name_suffix_deny, &case.book.name_suffix_person);
    if let Some(ending) = deny.value.iter().find(|ending| name.ends_with(*ending)) {
        findings.add(
            N01,
            rule_of(case, "name_suffix_deny", deny),
            at.field("name"),
            format_args!("名称不得以“{ending}”结尾"),
            format_args!("the name must not end with “{ending}”"),
        );
    }
    let is_free = only.value.is_empty() || !case.is_person();
    if !is_free && !only.value.iter().any(|ending| name.ends_with(ending)) {
        findings.add(
            N01,
            rule_of(case, "name_suffix_person", only),
            at.field("name"),
            format_args!("个人网站名称须以下列之一结尾：{}", only.value.join("、")),
            format_args!("the name of a person's site ends with one of: {}", only.value.join(", ")),
        );
    }
}

/// A unit's site carries only regions of the unit's name, a person's none.
fn regions(case: &Case<'_>, findings: &mut Findings, at: At) {
    let param = &case.book.name_regions;
    let is_own = |region: &str| !case.is_person() && case.organiser_text().contains(region);
    if let Some(region) = param.value.iter().find(|region| case.site_name_holds(at, &[region]) && !is_own(region)) {
        let (zh, en) = if case.is_person() {
            ("个人网站名称不得使用地名", "a person's site does not carry the name of a place")
        } else {
            ("网站名称的地域范围不得大于单位名称", "the site's name names a place that the unit's name does not")
        };
        findings.add(
            N01,
            rule_of(case, "name_regions", param),
            at.field("name"),
            format_args!("名称含有“{region}”：{zh}"),
            format_args!("the name holds “{region}”: {en}"),
        );
    }
}

fn twice(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let param = &case.book.name_unique_in_organiser;
    if param.value && is_name_twice(case, at, service) {
        findings.add_with_remedy(
            N01,
            rule_of(case, "name_unique_in_organiser", param),
            at.field("name"),
            ("同一主办者的网站名称重复", "two services of the organiser have the same name"),
            ("更换名称，或在备注中说明各网站用途", "choose another name, or explain the purpose of each in the remark"),
        );
    }
}

fn app(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService, name: &str) {
    if service.kind == ServiceKind::Website {
        return;
    }
    let deny = &case.book.app_name_deny;
    if case.site_name_holds(at, deny.value) {
        let words = words_in(name, deny.value).join("、");
        findings.add(
            N01,
            rule_of(case, "app_name_deny", deny),
            at.field("name"),
            format_args!("应用名称含有“{words}”：不得为通用词、占位或营销用语"),
            format_args!("the name holds “{words}”: no generic, placeholder or marketing words"),
        );
    }
    let same = &case.book.app_name_same;
    let platforms = service.platforms.as_deref().unwrap_or_default();
    if same.value && platforms.iter().any(|platform| comparable(&platform.name) != name) {
        findings.add(
            N01,
            rule_of(case, "app_name_same", same),
            at.field("platforms"),
            "各平台的应用名称须一致",
            "the App has the same name on all platforms",
        );
    }
}

/// Name of the rule, its words, whether it applies, and who may not use them.
type WordList<'a> = (&'static str, &'a Param<&'static [&'static str]>, bool, &'static str, &'static str);

fn words(case: &Case<'_>, findings: &mut Findings, at: At, name: &str) {
    let book = case.book;
    let is_person = case.is_person();
    let is_state = book.name_state_natures.value.contains(&case.order.organiser.nature);
    let lists: [WordList<'_>; 5] = [
        ("name_state_words", &book.name_state_words, !is_state, "非国家机构不得使用", "only state bodies may use them"),
        ("name_sensitive_words", &book.name_sensitive_words, true, "不得使用", "nobody may use them"),
        ("name_deny_all", &book.name_deny_all, true, "本省不得使用", "this bureau allows them to nobody"),
        (
            "name_deny_person",
            &book.name_deny_person,
            is_person,
            "本省个人网站不得使用",
            "this bureau does not allow them for persons",
        ),
        (
            "name_deny_person_national",
            &book.name_deny_person_national,
            is_person,
            "个人网站一般不得使用",
            "persons usually may not use them",
        ),
    ];
    let mut reported: Vec<&str> = Vec::new();
    for (rule, param, _, zh, en) in
        lists.into_iter().filter(|(_, param, meant, _, _)| *meant && case.site_name_holds(at, param.value))
    {
        let found: Vec<&str> =
            words_in(name, param.value).into_iter().filter(|word| !reported.contains(word)).collect();
        if found.is_empty() {
            continue;
        }
        let quoted = found.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join("");
        findings.add_with_remedy(
            N01,
            rule_of(case, rule, param),
            at.field("name"),
            (format_args!("名称含有{quoted}，{zh}"), format_args!("the name holds {quoted}: {en}")),
            (format_args!("更换网站名称，去掉{quoted}"), format_args!("choose a name without {quoted}")),
        );
        reported.extend(found);
    }
}

fn not_own(case: &Case<'_>, findings: &mut Findings, at: At, name: &str) {
    let rule = &case.book.name_not_own;
    let own = case.organiser_name();
    if rule.value && !own.is_empty() && contains(name, own) {
        findings.add(
            N01,
            rule_of(case, "name_not_own", rule),
            at.field("name"),
            "个人网站名称不得使用本人姓名",
            "a person's site must not carry the person's name",
        );
    }
}

/// Whether the name shares two neighbouring characters with the organiser's name or its business scope.
fn related(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService, name: &str) {
    let rule = &case.book.name_related;
    if !rule.value || !is_blank(service.remark.as_deref()) {
        return;
    }
    let shares = |other: &Searchable<'_>| {
        let ends = name.char_indices().skip(2).map(|(index, _)| index).chain([name.len()]);
        name.char_indices()
            .zip(ends)
            .filter_map(|((start, _), end)| name.get(start..end))
            .any(|pair| pair.chars().nth(1).is_some() && other.contains(pair))
    };
    if !shares(case.organiser_text()) && !case.scope_text().is_some_and(shares) {
        findings.add(
            N02,
            rule_of(case, "name_related", rule),
            at.field("name"),
            "名称与单位名称无共同字样，可能被认为与主体无关",
            "the name shares nothing with the unit's name and may be taken as unrelated",
        );
    }
}
