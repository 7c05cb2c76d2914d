//! Parameters that no bureau of the baseline uses: each is set in a book of its own and must speak, and only then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod national_only;

use icp_rules_sdk::book::*;
use icp_rules_sdk::national::{NATIONAL, PLEDGE_F1, PROVIDERS_AGREE as CITE};
use icp_rules_sdk::param::Param;
use icp_rules_sdk::vector::{Vector, summary};
use icp_rules_sdk::{
    AddressPlace, Context, Date, IdUse, LegalRepresentative as DeclaredRepresentative, Material, Order, OrderType,
    PhoneUse, PreApproval, ServiceKind, judge, requirements,
};

/// The clean order of a national vector, for Beijing.
fn case(name: &str) -> (Order, Context) {
    let vectors = Vector::read_edition(national_only::root(), "bj", "none").unwrap();
    let vector = vectors.into_iter().find(|vector| vector.name == format!("national/{name}")).unwrap();
    (vector.order, vector.context)
}

fn found(book: &ProvinceBook, (order, context): &(Order, Context)) -> Vec<String> {
    judge::judge(book, order, context).iter().map(summary).collect()
}

/// With the national book nothing is found, with the other one exactly this.
fn speaks(case: &(Order, Context), book: ProvinceBook, expected: &[&str]) {
    let before = found(&NATIONAL, case);
    assert!(before.is_empty() || before != expected, "the national book says the same: {before:?}");
    assert_eq!(found(&book, case), expected);
}

fn with(name: &str, change: impl FnOnce(&mut Order, &mut Context)) -> (Order, Context) {
    let (mut order, mut context) = case(name);
    change(&mut order, &mut context);
    (order, context)
}

fn upload(context: &mut Context, kind: &str) {
    let material =
        Material { kind: kind.to_owned(), media_type: "image/jpeg".to_owned(), size_bytes: 9, ..Material::default() };
    context.materials.get_or_insert_default().push(material);
}

macro_rules! book {
    ($($field:ident: $value:expr),*) => { ProvinceBook { $($field: Param::blocking($value, CITE),)* ..NATIONAL } };
}

const P1: &str = "organiser.principal";
const P2: &str = "services[0].principal";

#[test]
fn who_is_in_charge() {
    let manager = with("company-clean", |_, context| {
        context.enterprise.as_mut().unwrap().legal_representative = Some("示例八".to_owned());
    });
    assert_eq!(found(&NATIONAL, &manager), [format!("block S02 {P1}.name (lr_mode)")]);
    assert!(found(&book! { lr_mode: LegalRepresentative::Free }, &manager).is_empty());
    let letter = book! { lr_mode: LegalRepresentative::WithLetter };
    speaks(&manager, letter, &[&format!("review S02 {P1}.name (lr_mode)")]);
    let mut with_letter = manager.clone();
    upload(&mut with_letter.1, "authorisation-principal");
    assert!(found(&letter, &with_letter).is_empty());
    let restricted = book! { lr_mode: LegalRepresentative::WithLetterAndProof(&[paper::ARTICLES]) };
    speaks(&with_letter, restricted, &[&format!("review S02 {P1}.name (lr_mode)")]);
    upload(&mut with_letter.1, "articles-of-association");
    assert!(found(&restricted, &with_letter).is_empty());
    let authorised = book! { lr_letter_natures: &[4] };
    speaks(&manager, authorised, &[&format!("review S02 {P1}.name (lr_letter_natures)")]);

    let mut foreign = with_letter.clone();
    foreign.0.organiser.legal_representative =
        Some(DeclaredRepresentative { name: "示例八".to_owned(), id_kind: Some(7), id_number: None });
    let unless = book! { lr_mode: LegalRepresentative::MustUnlessForeign };
    assert!(found(&unless, &foreign).is_empty());
    assert_eq!(found(&unless, &with_letter), [format!("block S02 {P1}.name (lr_mode)")]);
    let mut outsider = foreign.clone();
    outsider.0.organiser.principal.id.kind = 7;
    assert_eq!(found(&unless, &outsider), [format!("block S02 {P1}.name (lr_mode)")]);
    foreign.0.services[0].principal.id.kind = 7;
    let mainland = book! { lr_mode: LegalRepresentative::MustUnlessForeign, foreign_lr_p2_mainland: true };
    speaks(&foreign, mainland, &[&format!("block S02 {P2}.name (foreign_lr_p2_mainland)")]);

    let same = book! { lr_mode: LegalRepresentative::Free, p2_equals_p1_if_not_lr: true };
    speaks(&manager, same, &[&format!("block S02 {P2}.name (p2_equals_p1_if_not_lr)")]);
    let sensitive = book! { lr_must_words: &["灯塔"] };
    speaks(&case("company-clean"), sensitive, &[&format!("block S02 {P2}.name (lr_must_words)")]);
    let p2_letter = book! { p2_auth_letter: true };
    speaks(&case("company-clean"), p2_letter, &[&format!("review S02 {P2}.name (p2_auth_letter)")]);
    let one_person = with("company-clean", |order, _| {
        order.services[0].principal = order.organiser.principal.clone();
    });
    let two = book! { p2_differs_from_p1: true };
    speaks(&one_person, two, &[&format!("block S02 {P2}.name (p2_differs_from_p1)")]);
}

#[test]
fn ages_documents_and_phones() {
    let company = case("company-clean");
    let old = book! { max_age_p2: MaxAges { men: Some(60), women: Some(34) } };
    speaks(&company, old, &[&format!("block S11 {P2}.id.number (max_age_p2)")]);
    speaks(
        &company,
        book! { id_kinds_deny_unit: &[2] },
        &[
            &format!("block S01 {P1}.id.kind (id_kinds_deny_unit)"),
            &format!("block S01 {P2}.id.kind (id_kinds_deny_unit)"),
        ],
    );
    let used = with("company-clean", |order, context| {
        let number = order.services[0].principal.id.number.clone();
        context.id_uses = Some(vec![IdUse { number, other_organisers: 1 }]);
    });
    let finding = format!("block S02 {P2}.id.number (id_unique_across_subjects)");
    speaks(&used, book! { id_unique_across_subjects: IdUnique::ServicePrincipals }, &[&finding]);
    let elsewhere = with("person-clean", |order, context| {
        let mobile = order.organiser.principal.mobile.clone();
        context.phone_uses = vec![PhoneUse { mobile, other_organisers: 0, province_code: Some(440_000) }];
    });
    let local = [format!("block T02 {P1}.mobile (mobile_local)"), format!("block T02 {P2}.mobile (mobile_local)")];
    let local: Vec<&str> = local.iter().map(String::as_str).collect();
    for value in [MobileLocal::Persons, MobileLocal::Everybody] {
        speaks(&elsewhere, book! { mobile_local: value }, &local);
    }
    assert!(found(&book! { mobile_local: MobileLocal::PersonsFromElsewhere }, &elsewhere).is_empty());
    speaks(
        &company,
        book! { emergency_third_mobile: true, landline_required: true },
        &[
            &format!("block T04 {P1}.office_phone (landline_required)"),
            &format!("block T04 {P2}.office_phone (landline_required)"),
        ],
    );
    let own = with("company-clean", |order, _| {
        order.services[0].principal.office_phone = Some(order.services[0].principal.mobile.clone());
    });
    speaks(
        &own,
        book! { office_phone_differs: true },
        &[&format!("block T04 {P2}.office_phone (office_phone_differs)")],
    );
    let without = with("company-clean", |order, _| order.services[0].principal.emergency_phone = None);
    let asked = format!("block T04 {P2}.emergency_phone (emergency_required)");
    speaks(&without, book! { emergency_required: Whom::Units }, &[&asked]);
    let third = with("company-clean", |order, _| {
        order.services[0].principal.emergency_phone = Some("13800000001".to_owned());
    });
    let asked = format!("block T04 {P2}.emergency_phone (emergency_third_mobile)");
    speaks(&third, book! { emergency_third_mobile: true }, &[&asked]);
    let four = DistinctPhones { same_person: 2, different_persons: 4 };
    let asked = format!("block T03 {P2}.emergency_phone (distinct_phones)");
    speaks(&third, book! { distinct_phones: four }, &[&asked]);
    assert!(found(&book! { distinct_phones: four }, &company).is_empty());
}

#[test]
fn organisers() {
    let company = case("company-clean");
    let investor = "block S01 organiser.investor (investor_is_unit)";
    speaks(&company, book! { investor_is_unit: true }, &[investor]);
    assert!(found(&book! { investor_is_representative: true }, &company).is_empty());
    let other = with("company-clean", |order, _| order.organiser.investor = Some("示例九".to_owned()));
    let investor = "block S01 organiser.investor (investor_is_representative)";
    speaks(&other, book! { investor_is_representative: true }, &[investor]);
    let elsewhere = case("person-of-other-province");
    let proof = Proof::any_of(&[paper::RESIDENCE_PERMIT]).valid_for(30);
    let proved = book! { xprov_person: CrossProvincePerson::WithProof(proof) };
    let asked = "review S03 organiser.certificate.number (xprov_person)";
    speaks(&elsewhere, proved, &[asked]);
    for (days, expected) in [(29, false), (31, true)] {
        let mut with_permit = elsewhere.clone();
        upload(&mut with_permit.1, "residence-permit");
        let permit = with_permit.1.materials.as_mut().unwrap().last_mut().unwrap();
        let day = with_permit.1.today.days() + days;
        permit.valid_to =
            Some(if day > Date::new(2026, 12, 20).days() { Date::new(2026, 12, 21) } else { Date::new(2026, 12, 19) });
        assert_eq!(found(&proved, &with_permit).is_empty(), expected, "{days}");
    }
    assert!(found(&book! { xprov_person: CrossProvincePerson::Allow }, &elsewhere).is_empty());
}

#[test]
fn how_much() {
    let two = with("company-clean", |order, context| {
        let mut other = order.services[0].clone();
        other.domains = vec!["specimen-b.cn".to_owned()];
        other.home_url = None;
        order.services.push(other);
        context.filed_services = Some(16);
        context.filed_domains = Some(9);
    });
    let limit = "block S10 services (order_limits)";
    speaks(&two, book! { order_limits: const { &[OrderLimit::services(PerNature::units(1))] } }, &[limit]);
    speaks(
        &two,
        book! { order_limits: const { &[OrderLimit::domains(PerNature::both(1)).only(&[OrderType::FirstFiling])] } },
        &[limit],
    );
    let when_many = book! { order_limits: const { &[OrderLimit::services(PerNature::both(1)).if_filed_above(PerNature::of_each(15, 7))] } };
    speaks(&two, when_many, &[limit]);
    let mut few = two.clone();
    few.1.filed_services = Some(15);
    assert!(found(&when_many, &few).is_empty());
    assert_eq!(requirements::requirements(&when_many, &two.0, &two.1).limits.services_per_order, Some(1));
    assert_eq!(requirements::requirements(&when_many, &few.0, &few.1).limits.services_per_order, None);
    let total = "block S10 services (services_total_max)";
    speaks(&two, book! { services_total_max: PerNature::units(17) }, &[total]);
    const PLANS: &[Plan] =
        &[Plan { above: PerNature::units(10), counting: Counting::DomainsInAll, paper: paper::SITUATION_STATEMENT }];
    speaks(&two, book! { plan_threshold: PLANS }, &["block S10 services (plan_threshold)"]);
    let asked = requirements::requirements(&book! { plan_threshold: PLANS }, &two.0, &two.1);
    assert!(asked.documents.iter().any(|document| document.kind == paper::SITUATION_STATEMENT.kind));
    let certificates = book! { domain_certificates_from: PerNature::units(2) };
    speaks(
        &two,
        certificates,
        &[
            "block V04 services[0].domains (domain_certificates_from)",
            "block V04 services[1].domains (domain_certificates_from)",
        ],
    );
    assert!(found(&certificates, &case("company-clean")).is_empty());
}

#[test]
fn names() {
    let name = |rule: &str| format!("block N01 services[0].name ({rule})");
    let company = case("company-clean");
    let person = case("person-clean");
    let latin = with("person-clean", |order, _| order.services[0].name = "山间观鸟A2".to_owned());
    speaks(&latin, book! { name_no_latin: Whom::Persons }, &[&name("name_no_latin")]);
    speaks(&latin, book! { name_no_digits: Whom::Everybody }, &[&name("name_no_digits")]);
    assert!(found(&book! { name_no_latin: Whom::Units }, &latin).is_empty());
    speaks(&company, book! { name_suffix_deny: &["科技"] }, &[&name("name_suffix_deny")]);
    speaks(&person, book! { name_suffix_person: &["的个人主页"] }, &[&name("name_suffix_person")]);
    speaks(&company, book! { name_deny_all: &["灯塔"] }, &[&name("name_deny_all")]);
    speaks(&person, book! { name_deny_person: &["观鸟"] }, &[&name("name_deny_person")]);
    assert!(found(&book! { name_deny_person: &["灯塔"] }, &company).is_empty());
    let twice = with("addition-clean", |order, context| {
        context.on_record.as_mut().unwrap().services[0].name = order.services[0].name.clone();
    });
    speaks(&twice, book! { name_unique_in_organiser: true }, &[&name("name_unique_in_organiser")]);
    let own = case("access-clean");
    assert!(found(&book! { name_unique_in_organiser: true }, &own).is_empty());
}

#[test]
fn domains_and_contents() {
    let domain = |rule: &str| format!("block D05 services[0].domains[0] ({rule})");
    let company = case("company-clean");
    speaks(&company, book! { suffix_allow: &["com"] }, &[&domain("suffix_allow")]);
    speaks(&company, book! { suffix_deny: &["cn"] }, &[&domain("suffix_deny")]);
    let access = case("access-clean");
    speaks(&access, book! { suffix_deny_access: &["cn"] }, &[&domain("suffix_deny_access")]);
    assert!(found(&book! { suffix_deny_access: &["cn"] }, &company).is_empty());
    let before = book! { suffix_access_before: const { &[("cn", Date::new(2020, 1, 1))] }, suffix_allow: &["com"] };
    speaks(&access, before, &[&domain("suffix_access_before")]);
    let after = book! { suffix_access_before: const { &[("cn", Date::new(2021, 1, 1))] }, suffix_allow: &["com"] };
    assert!(found(&after, &access).is_empty());
    let resolved = with("company-clean", |_, context| {
        context.domains[0].resolves_to = Some(vec!["192.0.2.99".to_owned()]);
    });
    speaks(&resolved, book! { dns_matches_access: true }, &["block A01 services[0].domains[0] (dns_matches_access)"]);
    let program = with("company-clean", |order, context| {
        order.services[0].kind = ServiceKind::MiniProgram;
        order.services[0].access.addresses.clear();
        context.domains[0].resolves_to = Some(vec!["192.0.2.99".to_owned()]);
    });
    assert!(found(&book! { dns_matches_access: true }, &program).is_empty(), "nobody files its platform's addresses");
    let held = with("company-clean", |_, context| context.domains[0].holder_name = Some("示例一".to_owned()));
    speaks(&held, book! { domain_holder: DomainHolder::Unit }, &["block D02 services[0].domains[0] (domain_holder)"]);
    let with_letter = book! { domain_holder: DomainHolder::UnitOrLegalRepresentativeWith(paper::UNIT_LETTER) };
    speaks(&held, with_letter, &["review D02 services[0].domains (domain_holder)"]);

    let content = |rule: &str| format!("block C04 services[0].contents[0] ({rule})");
    speaks(&company, book! { content_deny_unit: &[8] }, &[&content("content_deny_unit")]);
    speaks(&company, book! { content_allow_unit: &[1] }, &[&content("content_allow_unit")]);
    const PERMITS: &[ContentPermit] =
        &[ContentPermit { contents: &[24], from: Whom::Persons, permit_zh: "网信办批准" }];
    let person = case("person-clean");
    speaks(&person, book! { content_permits: PERMITS }, &["block C05 services[0].pre_approvals (content_permits)"]);

    const WORDS: &[LicensedWords] =
        &[LicensedWords::new(9, ("文化", "culture"), "许可证", &["灯塔"]).except(&["灯塔科"]).in_scope().or_cut()];
    let scope = with("company-clean", |_, context| {
        context.enterprise.as_mut().unwrap().business_scope = Some("灯塔维护".to_owned());
    });
    let words = book! { licensed_words_here: WORDS };
    speaks(&scope, words, &["block C05 enterprise.business_scope (licensed_words_here)"]);
    assert!(found(&words, &company).is_empty(), "the exception");
    let mut licensed = scope.clone();
    licensed.0.services[0].pre_approvals = vec![PreApproval { category: 9, number: "1".to_owned() }];
    assert!(found(&words, &licensed).is_empty());
    licensed.0.services[0].pre_approvals[0].category = 1;
    assert_eq!(found(&words, &licensed).len(), 1, "another category does not count");
}

#[test]
fn remarks_and_words() {
    let remark = "block R01 services[0].remark (remark_rules)";
    let person = case("person-clean");
    const PLEDGE: &[RemarkRule] =
        &[RemarkRule::service(When::PERSONS, "承诺", "the pledge").says(Says::OneOfAndChars(PLEDGE_F1, 30))];
    speaks(&person, book! { remark_rules: PLEDGE }, &[remark]);
    for (text, is_enough) in [
        ("本网站是个人网站，不含有企业、单位等非个人网站的信息。", false),
        ("本网站是个人网站， 不含有企业、单位等非个人网站的信息，如有违反接受注销并列入黑名单。", true),
    ] {
        let pledged = with("person-clean", |order, _| order.services[0].remark = Some(text.to_owned()));
        assert_eq!(found(&book! { remark_rules: PLEDGE }, &pledged).is_empty(), is_enough, "{text}");
    }
    assert!(found(&book! { remark_rules: PLEDGE }, &case("company-clean")).is_empty());
    const SEVERAL: &[RemarkRule] =
        &[RemarkRule::service(When::ALWAYS.when(&[If::AddressesInSeveralProvinces]), "说明", "why")];
    let spread = with("company-clean", |order, context| {
        order.services[0].access.addresses = vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
        let place = |address: &str, province_code| AddressPlace { address: address.to_owned(), province_code };
        context.address_places = Some(vec![place("192.0.2.1", 110_000), place("192.0.2.2", 440_000)]);
    });
    speaks(&spread, book! { remark_rules: SEVERAL }, &[remark]);
    const WHOLE: &[RemarkRule] = &[RemarkRule::organiser(When::UNITS, "备注", "a remark")];
    let asked = "block R01 organiser.remark (remark_rules)";
    speaks(&case("company-clean"), book! { remark_rules: WHOLE }, &[asked]);
    const FIELDS: &[FieldWords] = &[FieldWords {
        when: When::UNITS,
        field: TextField::DomainPrefix,
        words: &["specimen"],
        message_zh: "须有许可",
        message_en: "needs a permit",
        remedy_zh: "提供许可",
        remedy_en: "hand it in",
    }];
    let asked = "block D05 services[0].domains[0] (field_words)";
    speaks(&case("company-clean"), book! { field_words: FIELDS }, &[asked]);
    const PLACE: &[FieldWords] = &[FieldWords { field: TextField::PostalAddress, words: &["示例区"], ..FIELDS[0] }];
    speaks(&case("company-clean"), book! { field_words: PLACE }, &["block S12 organiser.address.detail (field_words)"]);
}

#[test]
fn records_and_materials() {
    let closed = case("addition-while-closed");
    let (open, number) =
        ("block C02 on_record.services[0] (site_open_policy)", "block C03 on_record.services[0] (site_open_policy)");
    speaks(&closed, book! { site_open_policy: SiteOpen::MustBeOpen }, &[open]);
    speaks(&closed, book! { site_open_policy: SiteOpen::MustBeOpenWithNumber }, &[open, number]);
    speaks(&closed, book! { site_open_policy: SiteOpen::MustBeOpenAfterDays(180) }, &[open]);
    assert!(found(&book! { site_open_policy: SiteOpen::MustBeOpenAfterDays(9_000) }, &closed).is_empty());
    let renamed = case("access-of-other-name");
    let proof = AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: Some(paper::RENAME_LETTER) };
    assert_eq!(found(&book! { access_match: proof }, &renamed).len(), 1);
    let mut proved = renamed;
    upload(&mut proved.1, "rename-letter");
    assert!(found(&book! { access_match: proof }, &proved).is_empty());
    let manager = with("access-clean", |_, context| {
        context.on_record.as_mut().unwrap().principal_name = Some("示例旧".to_owned());
    });
    let lr = ProvinceBook { access_with_change: Param::new(true, CITE), ..book! { access_principal_is_lr: true } };
    speaks(&manager, lr, &["block S02 organiser.principal.name (access_principal_is_lr)"]);
    let old = case("access-of-old-number");
    let first = book! { access_old_number: OldNumber::ChangeFirst };
    speaks(&old, first, &["block S05 organiser.certificate.number (access_old_number)"]);
    let moved = case("change-of-province");
    speaks(&moved, book! { cross_province_change: false }, &["block S03 province (cross_province_change)"]);
    let number = case("change-of-number");
    let policy = ChangePolicy { number_may_change: false, ..ChangePolicy::FREE };
    speaks(&number, book! { change_organiser: policy }, &["block S04 organiser (change_organiser)"]);
    let unit = case("change-to-other-unit");
    let same = ChangePolicy { unit_to_unit: UnitToUnit::SameLegalRepresentative, ..ChangePolicy::FREE };
    assert!(found(&book! { change_organiser: same }, &unit).is_empty());
    let related = ChangePolicy { unit_to_unit: UnitToUnit::Related(paper::UNIT_LETTER), ..ChangePolicy::FREE };
    speaks(&unit, book! { change_organiser: related }, &["review S04 organiser.name (change_organiser)"]);
    let own = case("change-person-to-unit");
    let never = ChangePolicy { person_to_unit: PersonToUnit::Never, ..ChangePolicy::FREE };
    speaks(&own, book! { change_organiser: never }, &["block S04 organiser (change_organiser)"]);
    speaks(&case("migrate-clean"), book! { migrate: false }, &["block S07 order_type (migrate)"]);
    speaks(
        &case("company-clean"),
        book! { order_types: &[OrderType::ChangeBoth] },
        &["block S07 order_type (order_types)"],
    );

    let electronic = case("material-electronic");
    speaks(
        &electronic,
        book! { licence_electronic: false },
        &["block S01 materials.organiser-certificate (licence_electronic)"],
    );
    let small = with("company-clean", |_, context| {
        let face = context.materials.iter_mut().flatten().find(|material| material.kind == "service-principal-face");
        let face = face.unwrap();
        (face.width_px, face.height_px) = (Some(640), Some(480));
    });
    speaks(&small, book! { face_min_px: (800, 600) }, &["block S01 materials.service-principal-face (face_min_px)"]);
    const DOCUMENTS: &[Document] = &[Document::new(paper::PARTY_BUILDING, CITE)
        .when(When::ALWAYS.types(&[OrderType::FirstFiling]).when(&[If::Not(&If::SiteWords(&["无关"]))]))
        .or(&[paper::STATE_BODY_CONFIRMATION])];
    let company = case("company-clean");
    let book = ProvinceBook { documents: DOCUMENTS, ..NATIONAL };
    speaks(&company, book, &["block V04 materials.party-building-letter (documents)"]);
    let mut given = company;
    upload(&mut given.1, "state-body-confirmation");
    assert!(found(&book, &given).is_empty());
    assert!(found(&book, &case("addition-clean")).is_empty());
}

#[test]
fn a_draft_misses_no_paper_that_follows_from_a_parameter() {
    let certified = || book! { domain_certificates_from: PerNature::both(1) };
    let missing = "block V04 services[0].domains (domain_certificates_from)";
    speaks(&case("company-clean"), certified(), &[missing]);
    let draft = with("company-clean", |_, context| context.materials = None);
    assert!(found(&certified(), &draft).is_empty());
    let asked = requirements::requirements(&certified(), &draft.0, &draft.1);
    assert!(asked.documents.iter().any(|document| document.kind == "domain-certificate"));
}

#[test]
fn sites_and_domains_of_their_own_kind() {
    let hidden = with("addition-clean", |_, context| {
        context.on_record.as_mut().unwrap().services[0].number_shown = Some(false);
    });
    let number = "block C03 on_record.services[0] (site_open_policy)";
    speaks(&hidden, book! { site_open_policy: SiteOpen::OpenOnlyWithNumber }, &[number]);
    let closed = case("addition-while-closed");
    assert!(found(&book! { site_open_policy: SiteOpen::OpenOnlyWithNumber }, &closed).is_empty());

    let below = with("company-clean", |_, context| context.domains[0].registrable = Some("other.cn".to_owned()));
    speaks(&below, book! { domain_registrable_except: &["cn"] }, &[]);
    let refused = "block D05 services[0].domains[0] (domain_registrable)";
    assert_eq!(found(&book! { domain_registrable_except: &["gov.cn"] }, &below), [refused]);
    let by_address = with("company-clean", |order, context| {
        order.services[0].domains = vec!["192.0.2.10".to_owned()];
        order.services[0].home_url = Some("192.0.2.10".to_owned());
        context.domains.clear();
    });
    speaks(&by_address, book! { site_by_address: &[4] }, &[]);
    let refused = "block D05 services[0].domains[0] (domain_format)";
    assert_eq!(found(&book! { site_by_address: &[2] }, &by_address), [refused]);

    let shop = with("company-clean", |order, _| {
        order.organiser.certificate.address = Some("网店：www.example.com/shop".to_owned());
    });
    let elsewhere = "block S01 organiser.certificate.address (online_shop_domain)";
    speaks(&shop, book! { online_shop_domain: true }, &[elsewhere]);
    let own = with("company-clean", |order, _| {
        order.organiser.certificate.address = Some(format!("www.{}/shop", order.services[0].domains[0]));
    });
    assert!(found(&book! { online_shop_domain: true }, &own).is_empty());
}
