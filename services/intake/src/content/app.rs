//! What identifies an APP, a mini-program or a quick app on its platforms (bureau-interface §10).

use icp_domain::names::DomainName;
use icp_domain::{AppPlatform, InternetService, Platform, ServiceKind};

use super::form::text;
use crate::api::problem::FieldError;

/// Platforms, domains or SDK providers in one list at most.
const MAX_ENTRIES: usize = 100;
const PACKAGE_MAX_CHARACTERS: usize = 255;
/// Hexadecimal digits of a modulus: RSA keys of 512 to 8,192 bits, and elliptic curves' points.
const PUBLIC_KEY_DIGITS: std::ops::RangeInclusive<usize> = 64..=2048;
const MD5_DIGITS: usize = 32;
const SHA1_DIGITS: usize = 40;
/// An APP files its domains up to the fourth level.
const DOMAIN_LEVELS_MAX: usize = 4;

/// Checks the features of a service by its kind; `is_needed` where the order brings its data.
pub fn validate(errors: &mut Vec<FieldError>, path: &str, service: &InternetService, is_needed: bool) {
    let is_program = matches!(service.kind, ServiceKind::MiniProgram | ServiceKind::QuickApp);
    let lists = [
        ("app_platforms", service.app_platforms.len(), service.kind == ServiceKind::App),
        ("mini_program_platforms", service.mini_program_platforms.len(), is_program),
    ];
    for (name, count, belongs) in lists {
        let field = format!("{path}.{name}");
        if count > 0 && !belongs {
            errors.push(FieldError::new(field, "does not belong to this kind of service", "leave it out"));
        } else if belongs && (count == 0 && is_needed || count > MAX_ENTRIES) {
            let remedy = format!("give 1 to {MAX_ENTRIES} platforms");
            errors.push(FieldError::new(field, format!("holds {count} platforms"), remedy));
        }
    }
    for (index, app) in service.app_platforms.iter().enumerate() {
        let field = format!("{path}.app_platforms[{index}]");
        platform(errors, &field, app);
        let mut earlier = service.app_platforms.iter().take(index);
        if earlier.any(|other| (other.platform, &other.package) == (app.platform, &app.package)) {
            errors.push(FieldError::new(field, "stands here twice", "name each package once per platform"));
        }
    }
}

fn platform(errors: &mut Vec<FieldError>, path: &str, app: &AppPlatform) {
    if !is_package(&app.package, app.platform) {
        let remedy = "write it as the store shows it, e.g. cn.example.shop";
        errors.push(FieldError::new(format!("{path}.package"), "is not a package name or bundle id", remedy));
    }
    if !is_hexadecimal(&app.public_key) || !PUBLIC_KEY_DIGITS.contains(&app.public_key.len()) {
        let remedy = "give the modulus in hexadecimal digits without spaces or colons";
        errors.push(FieldError::new(format!("{path}.public_key"), "is not the modulus of a public key", remedy));
    }
    let (digits, name) = match app.platform {
        Platform::Ios => (SHA1_DIGITS, "SHA-1"),
        Platform::Android | Platform::HarmonyOs => (MD5_DIGITS, "MD5"),
    };
    if !is_hexadecimal(&app.certificate_fingerprint) || app.certificate_fingerprint.len() != digits {
        let field = format!("{path}.certificate_fingerprint");
        let remedy = format!("give {digits} hexadecimal digits without spaces or colons");
        errors.push(FieldError::new(field, format!("is not the {name} of the signing certificate"), remedy));
    }
    for (name, count) in [("domains", app.domains.len()), ("sdk_providers", app.sdk_providers.len())] {
        if count > MAX_ENTRIES {
            let remedy = format!("give at most {MAX_ENTRIES}");
            errors.push(FieldError::new(format!("{path}.{name}"), format!("holds {count} values"), remedy));
        }
    }
    for (index, domain) in app.domains.iter().enumerate() {
        let field = format!("{path}.domains[{index}]");
        match DomainName::parse(domain) {
            Err(error) => {
                errors.push(FieldError::new(field, error.to_string(), "give a domain name such as api.example.cn"))
            }
            Ok(name) if name.ascii().split('.').count() > DOMAIN_LEVELS_MAX => {
                let remedy = format!("give the domain above it, of at most {DOMAIN_LEVELS_MAX} levels");
                errors.push(FieldError::new(field, "has too many levels", remedy));
            }
            Ok(_) => {}
        }
    }
    for (index, provider) in app.sdk_providers.iter().enumerate() {
        text(errors, &format!("{path}.sdk_providers[{index}]"), provider, 255);
    }
}

/// Two or more labels that begin with a letter; bundle ids also know hyphens and leading digits.
fn is_package(text: &str, platform: Platform) -> bool {
    let is_label = |label: &str| {
        let is_start = |c: char| c.is_ascii_alphabetic() || platform == Platform::Ios && c.is_ascii_digit();
        let is_rest =
            |c: char| c.is_ascii_alphanumeric() || if platform == Platform::Ios { c == '-' } else { c == '_' };
        label.starts_with(is_start) && label.chars().all(is_rest)
    };
    text.len() <= PACKAGE_MAX_CHARACTERS && text.contains('.') && text.split('.').all(is_label)
}

fn is_hexadecimal(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit())
}
