//! Between the SDK's types (what callers use, always of the newest contract) and those of a call. An older contract's
//! types are the newer ones' without what they do not know: into the module that is left out, out of the module it is
//! absent or empty.

mod v1_0;
mod v1_1;

/// The same value in the other family of types.
pub(crate) trait Convert<Other> {
    fn convert(&self) -> Other;
}

macro_rules! same {
    ($($kind:ty),*) => {
        $(impl Convert<$kind> for $kind {
            fn convert(&self) -> $kind {
                self.clone()
            }
        })*
    };
}
same!(u8, u16, u32, u64, bool, String);

impl<From: Convert<To>, To> Convert<Vec<To>> for Vec<From> {
    fn convert(&self) -> Vec<To> {
        self.iter().map(Convert::convert).collect()
    }
}

impl<From: Convert<To>, To> Convert<Option<To>> for Option<From> {
    fn convert(&self) -> Option<To> {
        self.as_ref().map(Convert::convert)
    }
}

/// A record field by field; after `+` what the source does not have.
macro_rules! record {
    ($from:ident :: $kind:ident => $to:ident { $($field:ident),* $(,)? } $(+ { $($new:ident: $value:expr),* })?) => {
        impl Convert<$to::$kind> for $from::$kind {
            fn convert(&self) -> $to::$kind {
                $to::$kind { $($field: self.$field.convert(),)* $($($new: $value,)*)? }
            }
        }
    };
}
use record;

/// An enum case by case.
macro_rules! choice {
    ($from:ident :: $kind:ident => $to:ident { $($case:ident),* $(,)? }) => {
        impl Convert<$to::$kind> for $from::$kind {
            fn convert(&self) -> $to::$kind {
                match self { $($from::$kind::$case => $to::$kind::$case),* }
            }
        }
    };
}
use choice;

/// What is the same in every version 1.x.
macro_rules! unchanged {
    () => {
        // Into the module.
        choice!(sdk::OrderType => wit {
            FirstFiling, AddService, AddServiceElsewhere, AddAccess, ContinueAccess, ChangeOrganiser, ChangeService,
            ChangeBoth, ChangeAccess, DeregisterOrganiser, DeregisterService, CancelAccess, Migrate,
        });
        choice!(sdk::ServiceKind => wit { Website, App, MiniProgram, QuickApp });
        choice!(sdk::EnterpriseStatus => wit { Active, Abnormal, Revoked, Deregistered });
        record!(sdk::Date => wit { year, month, day });
        record!(sdk::Address => wit { province_code, city_code, county_code, detail });
        record!(sdk::Person => wit { name, id, mobile, emergency_phone, office_phone, email });
        record!(sdk::PreApproval => wit { category, number });
        record!(sdk::Access => wit { methods, server_places, addresses });
        record!(sdk::Order => wit { order_type, province, organiser, services });

        // Out of the module.
        choice!(wit::Confidence => sdk { Low, Medium, High });
        choice!(wit::Severity => sdk { Advise, Review, Block });
        choice!(wit::PersonCheck => sdk { Document, Face, CitizenRegister, LegalRepresentative });
        choice!(wit::FooterNumber => sdk { Organiser, Service });
        record!(wit::Date => sdk { year, month, day });
        record!(wit::Source => sdk { title, as_of, confidence });
        record!(wit::Finding => sdk {
            code, rule, severity, field, message_zh, message_en, remedy_zh, remedy_en, source,
        });
        record!(wit::DocumentRequirement => sdk { kind, also_accepted, service, title_zh, title_en, note_zh, source });
        record!(wit::PersonRequirement => sdk { field, checks });
        record!(wit::Limits => sdk {
            services_per_order, domains_per_website, picture_bytes_max, picture_media_types, age_min,
            document_days_min, domain_days_min,
        });
        record!(wit::Parameter => sdk { name, value, severity, source });
        record!(wit::Description => sdk { province, bureau, version, effective_from, effective_to, parameters });
    };
}
use unchanged;
