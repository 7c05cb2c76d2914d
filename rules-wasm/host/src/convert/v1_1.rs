//! Contract 1.1.

use icp_rules_sdk as sdk;

use super::{Convert, choice, record, unchanged};
use crate::bindings::v1_1::exports::icp::bureau_rules::rules as wit;

unchanged!();

// Into the module.
choice!(sdk::MaterialForm => wit { Live, Original, Copy, Electronic, Screen });
record!(sdk::Certificate => wit { kind, number, address, valid_to, valid_from });
record!(sdk::LegalRepresentative => wit { name, id_kind, id_number });
record!(sdk::Organiser => wit {
    name, nature, certificate, investor, address, principal, remark, legal_representative,
});
record!(sdk::AppPlatform => wit { platform, name });
record!(sdk::InternetService => wit {
    kind, name, domains, home_url, contents, languages, pre_approvals, principal, access, remark, platforms,
});
record!(sdk::Material => wit { kind, service, media_type, size_bytes, issued, valid_to, form, width_px, height_px });
record!(sdk::EnterpriseAnswer => wit {
    found, name, legal_representative, status, address, business_scope, valid_to,
});
record!(sdk::DomainAnswer => wit {
    domain, found, real_named, holder_name, expires, registrable, registrar_approved, resolves_to, open,
});
record!(sdk::PhoneUse => wit { mobile, other_organisers, province_code });
record!(sdk::IdUse => wit { number, other_organisers });
record!(sdk::AddressPlace => wit { address, province_code });
record!(sdk::RecordedService => wit {
    name, domains, principal_name, principal_id_number, principal_mobile, filed, open, number_shown,
});
record!(sdk::OnRecord => wit {
    name, nature, certificate_kind, certificate_number, certificate_address, investor, principal_name,
    principal_id_number, principal_mobile, province_code, services,
});
record!(sdk::Context => wit {
    today, materials, enterprise, domains, phone_uses, filed_services, orders_in_flight, filed_domains, on_record,
    id_uses, address_places, changed,
});

// Out of the module.
record!(wit::SmsReceiver => sdk { field, mobile, id_tail_zh });
record!(wit::ChecklistItem => sdk { code, name, field, text_zh, text_en, source });
record!(wit::Capabilities => sdk {
    new_with_change, access_with_change, migrate, cross_province_change, shell_add,
});
record!(wit::RequirementsAnswer => sdk {
    documents, persons, sms_receivers, limits, footer_number, bureau_working_days, checklist, capabilities,
});
