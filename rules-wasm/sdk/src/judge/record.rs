//! Against the record: access, additions, changes, organisers without services.

use icp_domain::names::is_same_name;

use super::{At, Case, Findings, KIND_BUSINESS_LICENCE, NATURE_PERSON, Rule};
use crate::book::{MatchSet, OldNumber, Paper, PersonToUnit, SiteOpen, UnitToUnit};
use crate::catalogue::{C02, C03, D07, S02, S03, S04, S05, S07, S08};
use crate::national::PROVIDERS_AGREE;
use crate::{OnRecord, OrderType, Severity};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let Some(record) = case.on_record() else { return };
    match case.order.order_type {
        OrderType::FirstFiling => first(findings, record),
        OrderType::AddService | OrderType::AddServiceElsewhere => {
            addition(case, findings, record);
            sites(case, findings, record);
        }
        OrderType::AddAccess | OrderType::ContinueAccess => access(case, findings, record),
        OrderType::ChangeOrganiser => organiser_change(case, findings, record),
        OrderType::ChangeService => service_change(case, findings, record),
        OrderType::ChangeBoth => {
            organiser_change(case, findings, record);
            service_change(case, findings, record);
        }
        OrderType::ChangeAccess
        | OrderType::DeregisterOrganiser
        | OrderType::DeregisterService
        | OrderType::CancelAccess
        | OrderType::Migrate => {}
    }
}

fn first(findings: &mut Findings, record: &OnRecord) {
    let is_shell = record.services.is_empty();
    let (zh, en) = if is_shell {
        (
            "主办者在备案系统中为空壳主体，请先注销空壳主体",
            "the organiser is on record without services: cancel that record first",
        )
    } else {
        ("主办者已有备案，应办理新增或接入", "the organiser is on record already: add a service, or an access")
    };
    let code = if is_shell { S08 } else { S07 };
    findings.add(code, Rule::new("already_on_record", Severity::Block, PROVIDERS_AGREE), "order_type", zh, en);
}

fn addition(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let shell = &case.book.shell_subject_add;
    if record.services.is_empty() && !shell.value {
        findings.add(
            S08,
            Rule::of("shell_subject_add", shell),
            "order_type",
            format_args!("{}不允许空壳主体直接新增", case.book.bureau),
            "this bureau does not let an organiser without services add one",
        );
    }
    if case.book.new_with_change.value {
        return;
    }
    let rule = Rule::of("add_match", &case.book.add_match);
    let change = &case.book.new_with_change;
    let rule = Rule { severity: weaker(rule.severity, change.severity), ..rule };
    for (field, label) in differences(case, record, case.book.add_match.value) {
        findings.add_with_remedy(
            S04,
            rule,
            field,
            (
                format_args!("{label}与备案记录不一致，新增不得同时变更"),
                "differs from the record; an addition cannot change it",
            ),
            ("先办理变更备案，再新增", "change the record first, then add"),
        );
    }
}

fn weaker(one: Severity, other: Severity) -> Severity {
    match (one, other) {
        (Severity::Advise, _) | (_, Severity::Advise) => Severity::Advise,
        (Severity::Review, _) | (_, Severity::Review) => Severity::Review,
        _ => Severity::Block,
    }
}

fn sites(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.site_open_policy;
    let rule = Rule::of("site_open_policy", param);
    for (index, service) in record.services.iter().enumerate() {
        let field = || format!("on_record.services[{index}]");
        let age = service.filed.map(|filed| case.context.today.days_since(filed));
        let must_be_open = match param.value {
            SiteOpen::MayBeClosed | SiteOpen::OpenOnlyWithNumber => false,
            SiteOpen::MustBeOpen | SiteOpen::MustBeOpenWithNumber => true,
            SiteOpen::MustBeOpenAfterDays(days) => age.is_some_and(|age| age > i64::from(days)),
        };
        if must_be_open && service.open == Some(false) {
            findings.add(C02, rule, field(), "已备案的网站无法访问", "a service on record cannot be reached");
        }
        let must_show = match param.value {
            SiteOpen::MustBeOpenWithNumber => true,
            SiteOpen::OpenOnlyWithNumber => service.open == Some(true),
            SiteOpen::MayBeClosed | SiteOpen::MustBeOpen | SiteOpen::MustBeOpenAfterDays(_) => false,
        };
        if must_show && service.number_shown == Some(false) {
            findings.add(
                C03,
                rule,
                field(),
                "已备案的网站未正确悬挂备案号",
                "a service on record does not show its filing number",
            );
        }
    }
}

fn access(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.access_match;
    let set = if case.is_person() { param.value.person } else { param.value.unit };
    let different = differences(case, record, set);
    let has_paper = param.value.unless.is_some_and(|paper| case.material_of(&[paper]).is_some());
    for (field, label) in different.iter().filter(|_| !has_paper) {
        let remedy_zh = match param.value.unless {
            Some(paper) => format!("提交{}并在接入后立即变更，或先在原接入商变更", paper.title_zh),
            None => "先在原接入商办理变更，或注销后重新备案".to_owned(),
        };
        findings.add_with_remedy(
            S04,
            Rule::of("access_match", param),
            field.as_str(),
            (format_args!("{label}与原备案记录不一致，不能接入"), "differs from the old record: access is refused"),
            (remedy_zh, "change it at the old provider first, or cancel and file anew"),
        );
    }
    let with_change = &case.book.access_with_change;
    let others = differences(case, record, MatchSet { rest: false, ..MatchSet::ALL });
    if !with_change.value && different.is_empty() && !others.is_empty() {
        findings.add_with_remedy(
            S04,
            Rule::of("access_with_change", with_change),
            "order_type",
            (
                "部分资料与备案记录不同，接入时不能一并变更",
                "some data differ from the record; the access cannot change them",
            ),
            ("接入成功后办理变更备案", "change them after the access"),
        );
    }
    old_number(case, findings, record);
    recorded_principal(case, findings, record);
}

/// Whether the record has the old number of a licence that has a unified code now.
fn is_old_number(case: &Case<'_>, record: &OnRecord) -> bool {
    let certificate = &case.order.organiser.certificate;
    let is_old = matches!(record.certificate_number.trim().len(), 9 | 10 | 15);
    certificate.kind == KIND_BUSINESS_LICENCE && certificate.number.trim().len() == 18 && is_old && !case.is_person()
}

fn old_number(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.access_old_number;
    if !is_old_number(case, record) {
        return;
    }
    let rule = Rule::of("access_old_number", param);
    let (rule, zh, en) = match param.value {
        OldNumber::AccessFirst => (
            Rule { severity: Severity::Advise, ..rule },
            "备案记录为旧证件号码：以旧号码接入并上传新证件，接入后变更",
            "the record has the old number: access with it and the new licence, then change",
        ),
        OldNumber::ChangeFirst => (
            rule,
            "备案记录为旧证件号码，须先在原接入商变更或注销",
            "the record has the old number: change it or cancel first",
        ),
        OldNumber::Ask => (
            rule.reviewed(),
            "备案记录为旧证件号码，须确认管局是否允许先接入后变更",
            "the record has the old number; ask whether the bureau takes access before the change",
        ),
    };
    findings.add(S05, rule, "organiser.certificate.number", zh, en);
}

fn recorded_principal(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.access_principal_is_lr;
    let (Some(name), Some(representative)) = (record.principal_name.as_deref(), case.representative()) else { return };
    if param.value && !case.is_person() && !is_same_name(name, representative) {
        findings.add(
            S02,
            Rule::of("access_principal_is_lr", param),
            "organiser.principal.name",
            "备案记录中的主体负责人不是法定代表人，须先变更",
            "the person in charge on record is not the legal representative: change the record first",
        );
    }
}

/// Fields of the set that differ from the record, with their Chinese names.
fn differences(case: &Case<'_>, record: &OnRecord, set: MatchSet) -> Vec<(String, &'static str)> {
    let organiser = &case.order.organiser;
    let mut list = Vec::new();
    let mut note = |wanted: bool, is_different: bool, at: At, field: &str, label| {
        if wanted && is_different {
            list.push((at.field(field), label));
        }
    };
    let differs = |recorded: Option<&str>, text: &str| recorded.is_some_and(|recorded| !is_same_name(recorded, text));
    note(set.name, !is_same_name(&record.name, &organiser.name), At::Organiser, "name", "主办单位名称");
    let is_other_number = !record.certificate_number.eq_ignore_ascii_case(&organiser.certificate.number);
    note(set.number, is_other_number && !is_old_number(case, record), At::Organiser, "certificate.number", "证件号码");
    note(
        set.principal,
        differs(record.principal_name.as_deref(), &organiser.principal.name),
        At::Principal,
        "name",
        "主体负责人",
    );
    let licence_address = organiser.certificate.address.as_deref().unwrap_or_default();
    note(
        set.address,
        differs(record.certificate_address.as_deref(), licence_address),
        At::Organiser,
        "certificate.address",
        "证件住所",
    );
    note(set.rest, record.nature != organiser.nature, At::Organiser, "nature", "单位性质");
    note(
        set.rest,
        differs(record.investor.as_deref(), organiser.investor.as_deref().unwrap_or_default()),
        At::Organiser,
        "investor",
        "投资人",
    );
    note(
        set.rest,
        differs(record.principal_mobile.as_deref(), &organiser.principal.mobile),
        At::Principal,
        "mobile",
        "主体负责人手机",
    );
    if matches!(case.order.order_type, OrderType::AddAccess | OrderType::ContinueAccess) {
        for (index, service) in case.order.services.iter().enumerate() {
            let recorded = case.recorded(service).and_then(|recorded| recorded.principal_name.as_deref());
            note(
                set.service_principal,
                differs(recorded, &service.principal.name),
                At::ServicePrincipal(index),
                "name",
                "网站负责人",
            );
        }
    }
    list
}

/// What a change makes of the organiser.
enum Change<'a> {
    /// The same one, perhaps renamed.
    Same {
        is_renamed: bool,
        is_new_number: bool,
    },
    /// A unit becomes another unit.
    UnitToUnit,
    UnitToPerson,
    PersonToUnit(&'a OnRecord),
    PersonToPerson,
}

fn change_of<'a>(case: &Case<'_>, record: &'a OnRecord) -> Change<'a> {
    let organiser = &case.order.organiser;
    let is_same_number = record.certificate_number.eq_ignore_ascii_case(&organiser.certificate.number);
    let is_renamed = !is_same_name(&record.name, &organiser.name);
    match (record.nature == NATURE_PERSON, case.is_person()) {
        (false, true) => Change::UnitToPerson,
        (true, false) => Change::PersonToUnit(record),
        (_, _) if is_same_number || is_old_number(case, record) => Change::Same { is_renamed, is_new_number: false },
        (_, _) if !is_renamed => Change::Same { is_renamed: false, is_new_number: true },
        (true, true) => Change::PersonToPerson,
        (false, false) => Change::UnitToUnit,
    }
}

fn organiser_change(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.change_organiser;
    let policy = param.value;
    let representative = case.representative();
    let refused = match change_of(case, record) {
        Change::Same { is_new_number: true, .. } if !policy.number_may_change => {
            Some(("证件号码不得变更，须注销后重新备案", "the certificate's number cannot change: cancel and file anew"))
        }
        Change::Same { .. } => None,
        Change::UnitToUnit => {
            let is_same_representative = match (record.principal_name.as_deref(), representative) {
                (Some(before), Some(now)) => is_same_name(before, now),
                _ => false,
            };
            match policy.unit_to_unit {
                UnitToUnit::Free | UnitToUnit::Related(_) => None,
                UnitToUnit::SameLegalRepresentative if is_same_representative => None,
                UnitToUnit::SameLegalRepresentative => Some((
                    "变更为其他单位须为同一法定代表人",
                    "another unit takes over only with the same legal representative",
                )),
                UnitToUnit::RenameOnly => {
                    Some(("不得变更为其他单位，只可更名", "another unit cannot take over; a unit may only be renamed"))
                }
            }
        }
        Change::UnitToPerson => {
            (!policy.unit_to_person).then_some(("单位不得变更为个人", "a unit cannot become a person"))
        }
        Change::PersonToPerson => {
            (!policy.person_to_person).then_some(("个人不得变更为其他个人", "a person cannot become another person"))
        }
        Change::PersonToUnit(record) => {
            let is_own = representative.is_some_and(|name| is_same_name(name, &record.name));
            match policy.person_to_unit {
                PersonToUnit::Free => None,
                PersonToUnit::IfLegalRepresentative if is_own => None,
                PersonToUnit::IfLegalRepresentative => Some((
                    "个人变更为单位，须为该单位法定代表人",
                    "a person becomes a unit only as its legal representative",
                )),
                PersonToUnit::Never => Some(("个人不得变更为单位", "a person cannot become a unit")),
            }
        }
    };
    if let Some((zh, en)) = refused {
        findings.add_with_remedy(
            S04,
            Rule::of("change_organiser", param),
            "organiser",
            (zh, en),
            ("注销原备案后重新备案", "cancel the record and file anew"),
        );
    }
    let cross = &case.book.cross_province_change;
    let is_moved = record.province_code.is_some_and(|code| code != case.book.province.code());
    if is_moved && !cross.value {
        findings.add_with_remedy(
            S03,
            Rule::of("cross_province_change", cross),
            "province",
            ("备案省份不得变更", "the province of a filing cannot change"),
            ("注销原备案后在新省份重新备案", "cancel the record and file in the new province"),
        );
    }
}

/// The paper that a change of organiser needs.
pub(super) fn paper_for_change<'a>(case: &Case<'a>) -> Option<(&'a Paper, &'static str, &'static str)> {
    let policy = &case.book.change_organiser.value;
    let record = case.on_record()?;
    if !matches!(case.order.order_type, OrderType::ChangeOrganiser | OrderType::ChangeBoth) {
        return None;
    }
    match change_of(case, record) {
        Change::Same { is_renamed: true, .. } => {
            policy.rename.as_ref().map(|paper| (paper, "主办者已更名，须提供", "the organiser has a new name; hand in"))
        }
        Change::UnitToUnit => match &policy.unit_to_unit {
            UnitToUnit::Related(paper) if !is_related(&record.name, &case.order.organiser.name) => {
                Some((paper, "变更为其他单位须证明两者关联", "another unit takes over: prove how they are related"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether two unit names share three neighbouring characters beside the usual endings.
fn is_related(one: &str, other: &str) -> bool {
    let core = |name: &str| -> Vec<char> {
        ["股份有限公司", "有限责任公司", "有限公司", "集团", "公司"]
            .iter()
            .fold(name.to_owned(), |name, ending| name.replace(ending, ""))
            .chars()
            .collect()
    };
    let (one, other) = (core(one), core(other));
    one.windows(3).any(|part| other.windows(3).any(|candidate| candidate == part))
}

fn service_change(case: &Case<'_>, findings: &mut Findings, record: &OnRecord) {
    let param = &case.book.change_domains_only_delete;
    if !param.value {
        return;
    }
    for (at, service) in case.services() {
        for domain in &service.domains {
            let is_recorded = record
                .services
                .iter()
                .any(|recorded| recorded.domains.iter().any(|other| other.eq_ignore_ascii_case(domain)));
            if !is_recorded {
                findings.add_with_remedy(
                    D07,
                    Rule::of("change_domains_only_delete", param),
                    at.field("domains"),
                    (
                        "变更网站不得更换或增加域名，只可删除",
                        "a change cannot replace or add a domain, only delete one",
                    ),
                    ("新域名请办理新增", "file the new domain as an addition"),
                );
            }
        }
    }
}
