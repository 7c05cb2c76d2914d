//! The organiser (主体): certificate, province, address, register, legal representative.

use icp_domain::identifiers::{CitizenId, Uscc};
use icp_domain::names::is_same_name;

use super::{Case, Findings, KIND_BUSINESS_LICENCE, KINDS_CITIZEN_NUMBER, NATURE_ENTERPRISE, Rule};
use crate::Certificate;
use crate::book::CrossProvincePerson;
use crate::catalogue::{S01, S03, S12};
use crate::text::contains;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if !case.scope.organiser {
        return;
    }
    certificate_kind(case, findings);
    certificate_number(case, findings, || "organiser.certificate.number".to_owned(), &case.order.organiser.certificate);
    validity(case, findings);
    province(case, findings);
    address(case, findings);
    investor(case, findings);
    sole_trader(case, findings);
}

fn certificate_kind(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let kind = organiser.certificate.kind;
    let field = "organiser.certificate.kind";
    let table = &case.book.certificates_by_nature;
    match table.value.iter().find(|(nature, _)| *nature == organiser.nature) {
        None => findings.add(
            S01,
            Rule::of("certificates_by_nature", table).reviewed(),
            "organiser.nature",
            format_args!("单位性质 {} 可用的证件类型未收录，需人工确认", organiser.nature),
            format_args!("the certificates for nature {} are not known here; a reviewer must look", organiser.nature),
        ),
        Some((_, kinds)) if !kinds.contains(&kind) => findings.add(
            S01,
            Rule::of("certificates_by_nature", table),
            field,
            format_args!("单位性质 {} 不能使用证件类型 {kind}", organiser.nature),
            format_args!("an organiser of nature {} cannot use a certificate of kind {kind}", organiser.nature),
        ),
        Some(_) => {}
    }
    let denied = &case.book.id_kinds_deny_person;
    if case.is_person() && denied.value.contains(&kind) {
        findings.add(
            S01,
            Rule::of("id_kinds_deny_person", denied),
            field,
            format_args!("{}不接受个人以证件类型 {kind} 备案，请使用居住证", case.book.bureau),
            format_args!("this bureau does not accept certificate kind {kind} from persons; use the residence permit"),
        );
    }
}

/// Form and check digit of an organiser's or person's certificate number.
pub(super) fn certificate_number(
    case: &Case<'_>,
    findings: &mut Findings,
    field: impl Fn() -> String,
    certificate: &Certificate,
) {
    let param = &case.book.certificate_numbers;
    let rule = Rule::of("certificate_numbers", param);
    if !param.value {
        return;
    }
    if KINDS_CITIZEN_NUMBER.contains(&certificate.kind) {
        if case.citizen(&certificate.number).is_none()
            && let Err(error) = CitizenId::parse(&certificate.number)
        {
            findings.add(S01, rule, field(), "身份证件号码不正确，请与证件核对", error.to_string());
        }
    } else if certificate.kind == KIND_BUSINESS_LICENCE {
        let own = &case.order.organiser.certificate.number;
        let read;
        let code = if certificate.number == *own {
            case.credit_code()
        } else {
            read = Uscc::parse(&certificate.number);
            &read
        };
        match code {
            Ok(_) => {}
            // A few real codes fail the check character: ask, do not refuse.
            Err(error) if error.is_check_character() => findings.add_with_remedy(
                S01,
                rule.reviewed(),
                field(),
                ("统一社会信用代码校验位不符，请与营业执照核对", error.to_string()),
                (
                    "与营业执照核对；确认无误时由审核人员查询信用系统",
                    "compare with the licence; if it is right, a reviewer asks the register",
                ),
            ),
            Err(error) if certificate.number.trim().len() == 15 => findings.add_with_remedy(
                S01,
                rule.reviewed(),
                field(),
                ("15 位注册号为旧执照号码，应使用统一社会信用代码", error.to_string()),
                ("换领三证合一营业执照后填写统一社会信用代码", "use the unified social credit code of the new licence"),
            ),
            Err(error) => {
                findings.add(S01, rule, field(), "统一社会信用代码格式不正确，请与营业执照核对", error.to_string());
            }
        }
    } else if certificate.number.trim().is_empty() {
        findings.add(S01, rule, field(), "证件号码为空", "the certificate number is empty");
    }
}

fn validity(case: &Case<'_>, findings: &mut Findings) {
    let rule = &case.book.licence_min_days;
    let Some(valid_to) = case.order.organiser.certificate.valid_to else { return };
    let days_left = valid_to.days_since(case.context.today);
    if days_left < i64::from(rule.value) {
        findings.add(
            S01,
            Rule::of("licence_min_days", rule),
            "organiser.certificate.valid_to",
            format_args!("主办者证件有效期至 {}，剩余不足 {} 天", valid_to.iso(), rule.value),
            format_args!("the organiser's certificate is valid to {}, less than {} days", valid_to.iso(), rule.value),
        );
    }
}

fn province(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let here = case.book.province;
    if case.is_person() {
        person_province(case, findings);
        return;
    }
    let rule = &case.book.unit_in_province;
    if !rule.value {
        return;
    }
    if organiser.address.province_code != here.code() {
        findings.add(
            S03,
            Rule::of("unit_in_province", rule),
            "organiser.address.province_code",
            format_args!("单位须在证照发证地所在省备案，通信地址不在{}", here.name_zh()),
            format_args!("a unit files in the province of its licence; the address is not in {}", here.letters()),
        );
    }
    let issued_in = || case.credit_code().as_ref().ok().and_then(Uscc::province);
    if organiser.certificate.kind == KIND_BUSINESS_LICENCE && issued_in().is_some_and(|province| province != here) {
        // The code keeps its first six digits when a company moves, so it only raises a doubt.
        findings.add(
            S03,
            Rule::of("unit_in_province", rule).reviewed(),
            "organiser.certificate.number",
            format_args!("统一社会信用代码的登记机关不在{}，请确认发证机关", here.name_zh()),
            format_args!("the credit code was first given outside {}; confirm who issued the licence", here.letters()),
        );
    }
}

/// With a proof it is allowed: the proof is one of the papers that follow from the parameters (`implied`).
fn person_province(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.xprov_person;
    let here = case.book.province;
    let number = &case.order.organiser.certificate.number;
    let home = match case.citizen(number) {
        Some(facts) => facts.home,
        None => CitizenId::parse(number).ok().and_then(|id| id.province()),
    };
    let Some(home) = home else { return };
    if home != here && param.value == CrossProvincePerson::Deny {
        findings.add(
            S03,
            Rule::of("xprov_person", param),
            "organiser.certificate.number",
            format_args!("个人须在身份证所在省备案：证件属{}", home.name_zh()),
            format_args!("a person files in the province of the identity card, which is {}", home.letters()),
        );
    }
}

fn address(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let detail = organiser.address.detail.trim();
    let field = "organiser.address.detail";
    let rule = &case.book.address_complete;
    let says_complete = organiser.remark.as_deref().is_some_and(|remark| contains(remark, "已为最详细地址"));
    let has_door = detail.chars().any(|c| c.is_ascii_digit()) || detail.contains(['号', '室', '栋', '楼', '层', '组']);
    if rule.value && contains(detail, "市辖区") {
        findings.add(
            S12,
            Rule::of("address_complete", rule),
            field,
            "通信地址不得写“市辖区”",
            "the address must not say 市辖区",
        );
    }
    if rule.value && !has_door && !says_complete {
        findings.add_with_remedy(
            S12,
            Rule::of("address_complete", rule),
            field,
            ("通信地址未详细到门牌号", "the postal address does not go down to the door number"),
            ("补充门牌号；确无门牌号的，备注“已为最详细地址”", "add the door number, or remark 已为最详细地址"),
        );
    }
    same_city(case, findings);
}

fn same_city(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let rule = &case.book.address_same_city;
    let Some(licence_address) = organiser.certificate.address.as_deref().filter(|_| !case.is_person()) else { return };
    let postal_city = organiser.address.city_code;
    let licence_city = rule.value.iter().find(|(_, name)| contains(licence_address, name));
    if let Some((_, name)) = licence_city.filter(|(code, _)| *code != postal_city) {
        findings.add(
            S12,
            Rule::of("address_same_city", rule),
            "organiser.address.city_code",
            format_args!("通信地址须与证件住所在同一市（证件住所在{name}）"),
            "the postal address and the address on the licence must lie in the same city",
        );
    }
}

fn investor(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let Some(investor) = organiser.investor.as_deref().filter(|_| organiser.nature == NATURE_ENTERPRISE) else {
        return;
    };
    let unit = &case.book.investor_is_unit;
    if unit.value && !is_same_name(investor, &organiser.name) {
        findings.add_with_remedy(
            S01,
            Rule::of("investor_is_unit", unit),
            "organiser.investor",
            ("投资人或上级主管单位须填写单位全称", "the investor is the unit's full name"),
            ("改填单位全称", "enter the unit's full name"),
        );
    }
    let owner = &case.book.investor_is_representative;
    if owner.value && case.representative().is_some_and(|name| !is_same_name(investor, name)) {
        findings.add_with_remedy(
            S01,
            Rule::of("investor_is_representative", owner),
            "organiser.investor",
            ("投资人或上级主管单位须填写法定代表人", "the investor is the legal representative"),
            ("改填法定代表人姓名", "enter the legal representative"),
        );
    }
}

fn sole_trader(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.sole_trader_named;
    if param.value && case.is_sole_trader_without_name() {
        findings.add_with_remedy(
            S01,
            Rule::of("sole_trader_named", param),
            "organiser.name",
            ("个体工商户须有字号", "a sole trader needs a trade name"),
            ("办理字号后再备案，或以个人名义备案", "register a trade name first, or file as a person"),
        );
    }
}
