//! The rule book of one bureau as data.
//!
//! [`ProvinceBook`] lists every parameter once; `shapes` and `wording` are their types, `when` the conditions under
//! which something is asked, [`paper`] the papers that bureaus ask for.

pub mod paper;
mod shapes;
mod when;
mod wording;

use icp_domain::Province;

use crate::judge::{Case, Findings};
#[cfg(not(target_arch = "wasm32"))]
use crate::mutate::{Changed, Mutant, Mutate, nested};
use crate::param::Param;
use crate::{Date, FooterNumber, OrderType, Parameter};

pub use paper::Paper;
pub use shapes::*;
pub use when::{If, When, Whom};
pub use wording::*;

/// No rules in code.
pub fn nothing_more(_: &Case<'_>, _: &mut Findings) {}

#[cfg(not(target_arch = "wasm32"))]
const NOTHING_MORE: fn(&Case<'_>, &mut Findings) = nothing_more;

macro_rules! book {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// The complete rule book of one bureau: national values unless the province says otherwise.
        ///
        /// A field's name is the rule's name in findings. A new parameter is a field here, its national value in
        /// [`crate::national`] and its check in [`crate::judge`]; its description follows from this list.
        #[derive(Debug, Clone, Copy)]
        pub struct ProvinceBook {
            /// The bureau's province.
            pub province: Province,
            /// Name of the bureau, e.g. `广东省通信管理局`.
            pub bureau: &'static str,
            /// Version of this book.
            pub version: &'static str,
            /// First day on which it applies.
            pub effective_from: Date,
            /// Last day on which it applies.
            pub effective_to: Option<Date>,

            $($(#[$doc])* pub $name: Param<$kind>,)*

            /// Documents that every bureau asks for.
            pub documents_national: &'static [Document],
            /// Documents that this bureau asks for.
            pub documents: &'static [Document],
            /// What every reviewer looks at.
            pub review_items_national: &'static [ReviewItem],
            /// What only a reviewer can decide here, in the bureau's words.
            pub review_items: &'static [ReviewItem],
            /// Rules of this bureau in code: what data cannot say.
            pub extra: fn(&Case<'_>, &mut Findings),
        }

        impl ProvinceBook {
            /// Names of all parameters.
            pub const PARAMETERS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// All parameters as a description shows them.
            pub fn parameters(&self) -> Vec<Parameter> {
                vec![$(self.$name.describe(stringify!($name))),*]
            }

            /// This book with one thing changed, in every way.
            #[cfg(not(target_arch = "wasm32"))]
            pub fn mutants(&self) -> Vec<Mutant> {
                let mut list = Vec::new();
                let mut add = |parameter: &'static str, books: Vec<Changed<Self>>| {
                    list.extend(books.into_iter().map(|(change, book)| Mutant { parameter, change, book }));
                };
                // Whoever adds a field below decides here how it changes.
                let Self {
                    province: _, bureau: _, version: _, effective_from: _, effective_to: _,
                    $($name,)*
                    documents_national, documents, review_items_national, review_items, extra,
                } = self;
                $(add(stringify!($name), nested($name.mutants(), "", |$name| Self { $name, ..*self }));)*
                add(
                    "documents_national",
                    nested(documents_national.mutants(), "", |documents_national| Self { documents_national, ..*self }),
                );
                add("documents", nested(documents.mutants(), "", |documents| Self { documents, ..*self }));
                add(
                    "review_items_national",
                    nested(review_items_national.mutants(), "", |review_items_national| {
                        Self { review_items_national, ..*self }
                    }),
                );
                add("review_items", nested(review_items.mutants(), "", |review_items| Self { review_items, ..*self }));
                if !std::ptr::fn_addr_eq(*extra, NOTHING_MORE) {
                    add("extra", vec![("without".to_owned(), Self { extra: NOTHING_MORE, ..*self })]);
                }
                list
            }
        }
    };
}

book! {
    // ---- the order
    /// Types of order that this bureau accepts.
    order_types: &'static [OrderType],
    /// One order in flight per organiser.
    one_order_in_flight: bool,
    /// How much one order may hold.
    order_limits: &'static [OrderLimit],
    /// Services of one organiser in all.
    services_total_max: PerNature,
    /// Above these numbers the bureau wants a plan (网站建设方案书) or another paper.
    plan_threshold: &'static [Plan],
    /// Who confirms the ministry's SMS, by type of order.
    sms_receivers: &'static [(OrderType, SmsTo)],
    /// What the ministry's SMS page asks from holders of a permit for Hong Kong and Macau residents.
    sms_idtail_variant: SmsIdTail,

    // ---- the organiser
    /// Certificates (证件类型) that each nature (单位性质) may use.
    certificates_by_nature: &'static [(u16, &'static [u16])],
    /// Identity documents (证件类型) that a person may not file with here.
    id_kinds_deny_person: &'static [u16],
    /// Identity documents (证件类型) that a unit's persons in charge may not use here.
    id_kinds_deny_unit: &'static [u16],
    /// Numbers must have their form and check digit.
    certificate_numbers: bool,
    /// Days for which the organiser's certificate must still be valid.
    licence_min_days: u32,
    /// A unit files in the province that issued its licence.
    unit_in_province: bool,
    /// Persons with an identity card of another province.
    xprov_person: CrossProvincePerson,
    /// The postal address goes down to the door number.
    address_complete: bool,
    /// Cities (code, name) of the province when postal address and licence address must be in the same city.
    address_same_city: &'static [(u32, &'static str)],
    /// The investor (投资人) of an enterprise is the enterprise itself (its full name).
    investor_is_unit: bool,
    /// The investor (投资人) of an enterprise is its legal representative.
    investor_is_representative: bool,
    /// Name, number and standing agree with the enterprise register.
    register_agrees: bool,
    /// Address on the licence (证件住所) agrees with the enterprise register.
    register_address_agrees: bool,
    /// Sole traders (个体工商户) need a trade name (字号).
    sole_trader_named: bool,
    /// 网店执照: where the address on the licence is a platform's URL, the domain must be the one in it.
    online_shop_domain: bool,

    // ---- the persons in charge
    /// Who may be P1.
    lr_mode: LegalRepresentative,
    /// Natures (单位性质) that may authorise somebody else as P1 all the same, with a letter.
    lr_letter_natures: &'static [u16],
    /// Words in the unit's name that make the legal representative P1 and P2.
    lr_must_words: &'static [&'static str],
    /// A letter of authorisation (授权书) for a P2 who is not the legal representative.
    p2_auth_letter: bool,
    /// When P1 is not the legal representative, P2 is the same person.
    p2_equals_p1_if_not_lr: bool,
    /// P1 and P2 of a unit are different persons.
    p2_differs_from_p1: bool,
    /// With a legal representative from abroad, P2 has an identity card of the mainland.
    foreign_lr_p2_mainland: bool,
    /// Days for which an identity document must still be valid.
    id_min_days: u32,
    /// Least age of a unit's persons in charge.
    min_age_unit: u8,
    /// Least age of a person who files.
    min_age_person: u8,
    /// Young persons in charge of a unit bring a paper.
    minor_proof_unit: AgeProof,
    /// Young persons who file bring a paper.
    minor_proof_person: AgeProof,
    /// Greatest age of a unit's P2.
    max_age_p2: MaxAges,
    /// A person who files is P1 and P2.
    person_is_in_charge: bool,
    /// No identity document in charge of another organiser.
    id_unique_across_subjects: IdUnique,

    // ---- contacts
    /// Form of a mobile number.
    mobile_format: bool,
    /// Beginnings of mobile numbers that do not receive the ministry's SMS.
    mobile_deny_segments: &'static [&'static str],
    /// Whose mobile is one of the province.
    mobile_local: MobileLocal,
    /// Form of an e-mail address.
    email_format: bool,
    /// P1 and P2, when they differ, leave different mobiles and e-mails.
    distinct_contacts: bool,
    /// An emergency phone is given.
    emergency_required: Whom,
    /// The emergency phone is not the person's own mobile.
    emergency_differs: bool,
    /// The emergency phone is the mobile of a third person.
    emergency_third_mobile: bool,
    /// Different numbers over all phone fields.
    distinct_phones: DistinctPhones,
    /// The office phone (办公电话) is not the person's own mobile.
    office_phone_differs: bool,
    /// Units leave a landline (办公电话).
    landline_required: bool,
    /// A mobile serves one organiser.
    phone_unique_across_subjects: bool,

    // ---- names
    /// Least number of Chinese characters in a service's name.
    name_min_han: usize,
    /// Most characters in the name of a person's service.
    name_max_chars_person: usize,
    /// No special characters, not the domain.
    name_not_plain: bool,
    /// Whose names hold no Latin letters.
    name_no_latin: Whom,
    /// Whose names hold no digits.
    name_no_digits: Whom,
    /// Words of the state that nobody else may use.
    name_state_words: &'static [&'static str],
    /// Natures (单位性质) that may use them.
    name_state_natures: &'static [u16],
    /// Words that nobody may use.
    name_sensitive_words: &'static [&'static str],
    /// Words that this bureau allows nobody.
    name_deny_all: &'static [&'static str],
    /// Words that persons may not use anywhere.
    name_deny_person_national: &'static [&'static str],
    /// Words that this bureau does not allow persons.
    name_deny_person: &'static [&'static str],
    /// Words that a name must not end with.
    name_suffix_deny: &'static [&'static str],
    /// Endings that a person's site alone may have; empty is every one.
    name_suffix_person: &'static [&'static str],
    /// A person's site does not carry the person's name.
    name_not_own: bool,
    /// Names of regions: a unit uses only those of its own name, a person none.
    name_regions: &'static [&'static str],
    /// A unit's site is named after the unit or its business.
    name_related: bool,
    /// Two services of one organiser do not have the same name.
    name_unique_in_organiser: bool,
    /// Words that names of Apps do not hold.
    app_name_deny: &'static [&'static str],
    /// An App has the same name on all platforms.
    app_name_same: bool,

    // ---- domains
    /// Domains of a new website.
    domains_per_website: u32,
    /// Form of a domain.
    domain_format: bool,
    /// Only the registrable domain is filed.
    domain_registrable: bool,
    /// Suffixes under which names below the registrable domain are filed all the same, e.g. `gov.cn`.
    domain_registrable_except: &'static [&'static str],
    /// Natures (单位性质) that may file a site by its IP address instead of a domain.
    site_by_address: &'static [u16],
    /// Suffixes that alone are accepted; empty is every one.
    suffix_allow: &'static [&'static str],
    /// Suffixes that are not accepted.
    suffix_deny: &'static [&'static str],
    /// Suffixes that are accepted for access (接入) only, of services filed before a day.
    suffix_access_before: &'static [(&'static str, Date)],
    /// Suffixes that are not accepted for access (接入).
    suffix_deny_access: &'static [&'static str],
    /// Suffixes that natures (单位性质) must use.
    suffix_by_nature: &'static [(u16, &'static [&'static str])],
    /// The registrar is approved in the mainland.
    domain_registrar_approved: bool,
    /// The domain is in the registrars' database and real-named.
    domain_real_named: bool,
    /// Days for which the domain must still be registered.
    domain_min_days: u32,
    /// Who may hold it.
    domain_holder: DomainHolder,
    /// From this number of domains in an order, a certificate (域名证书) of each.
    domain_certificates_from: PerNature,
    /// The home page lies under the domain.
    home_in_domain: bool,
    /// A new site does not open before its filing.
    site_closed_before: bool,
    /// The domain resolves to addresses that are filed.
    dns_matches_access: bool,

    // ---- contents and licences
    /// Service contents (服务内容) that persons may choose.
    content_allow_person: &'static [u16],
    /// Service contents that this bureau does not allow persons.
    content_deny_person: &'static [u16],
    /// Service contents that units alone may choose; empty is every one.
    content_allow_unit: &'static [u16],
    /// Service contents that this bureau does not allow units.
    content_deny_unit: &'static [u16],
    /// Service content 其他 is explained in the remark.
    content_other_remark: bool,
    /// Service contents that need a licence first.
    content_licensed: &'static [u16],
    /// Service contents that need a licence first here.
    content_permits: &'static [ContentPermit],
    /// Words that need a licence first.
    licensed_words: &'static [LicensedWords],
    /// Words that need a licence first here only.
    licensed_words_here: &'static [LicensedWords],
    /// Remarks that are asked for.
    remark_rules: &'static [RemarkRule],
    /// Words in fields that this bureau does not accept.
    field_words: &'static [FieldWords],

    // ---- access
    /// Access method, place and address are given, in the mainland.
    access_complete: bool,
    /// What an access (接入备案) must repeat of the old record.
    access_match: AccessMatch,
    /// For access, P1 on record is the legal representative already.
    access_principal_is_lr: bool,
    /// An old licence number on record.
    access_old_number: OldNumber,

    // ---- additions and changes
    /// What an addition (新增) must repeat of the record.
    add_match: MatchSet,
    /// Sites on record when something is added.
    site_open_policy: SiteOpen,
    /// What a change of organiser may turn into what.
    change_organiser: ChangePolicy,
    /// A change of service may only delete domains.
    change_domains_only_delete: bool,
    /// 新增 together with 变更 in one order.
    new_with_change: bool,
    /// 接入 that carries changed data.
    access_with_change: bool,
    /// 迁移备案 between organisers.
    migrate: bool,
    /// An organiser may move its filing to another province by a change.
    cross_province_change: bool,
    /// An organiser without any service (空壳主体) may add one directly.
    shell_subject_add: bool,

    // ---- materials
    /// Media types of pictures.
    picture_media_types: &'static [&'static str],
    /// Largest picture in bytes.
    picture_bytes_max: u64,
    /// Largest icon of an App (material `app-icon`) in bytes.
    app_icon_bytes_max: u64,
    /// Smallest width and height of the picture taken at the capture, in pixels; 0 is no limit.
    face_min_px: (u32, u32),
    /// Identity documents and certificates are photographed live, not taken from an album.
    picture_live: bool,
    /// Nothing photographed from a screen.
    picture_no_screen: bool,
    /// Copies of certificates.
    picture_copies: Copies,
    /// Electronic licences are accepted.
    licence_electronic: bool,

    // ---- after the approval
    /// Which number stands in the footer.
    footer_number: FooterNumber,
    /// Working days that the bureau may take.
    bureau_sla_wd: u32,
}
