//! Form and check digits of the identifiers in a filing.

use std::net::Ipv4Addr;

use chrono::NaiveDate;

/// Citizen id number, 18 characters (GB 11643-1999, ISO 7064 MOD 11-2).
pub fn is_citizen_id(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let text = text.to_ascii_uppercase();
    let Some((digits, check)) = text.as_bytes().split_at_checked(17) else {
        return false;
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECKS.get((sum % 11) as usize).is_some_and(|expected| check == [*expected])
}

/// Unified social credit code (GB 32100-2015, MOD 31).
pub fn is_credit_code(text: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let values: Option<Vec<usize>> = text.chars().map(|it| ALPHABET.find(it)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return false;
    };
    let sum: usize = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
    values.last() == Some(&((31 - sum % 31) % 31))
}

/// Registration number of 15 digits (GS 15-2006, ISO 7064 MOD 11,10).
pub fn is_registration_number(text: &str) -> bool {
    if text.len() != 15 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut product = 10;
    let mut digits = text.bytes().map(|byte| u32::from(byte - b'0'));
    for digit in digits.by_ref().take(14) {
        let sum = match (product + digit) % 10 {
            0 => 10,
            sum => sum,
        };
        product = sum * 2 % 11;
    }
    digits.next() == Some((11 - product) % 10)
}

/// Chinese mobile number: 11 digits beginning with 13 to 19.
pub fn is_mobile(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes.first() == Some(&b'1')
        && matches!(bytes.get(1), Some(b'3'..=b'9'))
}

/// Office number: digits and hyphens, at least 11 characters.
pub fn is_office_phone(text: &str) -> bool {
    let only_digits = text.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    only_digits && (11..=20).contains(&text.len())
}

/// Mail address, roughly.
pub fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = !text.contains(|it: char| it.is_whitespace() || it.is_control());
    plain && !local.is_empty() && is_domain(domain)
}

/// Validity of a document: `2019.06.30-2039.06.30`, or 长期 instead of the last day.
pub fn is_validity(text: &str) -> bool {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y.%m.%d").ok();
    match text.split_once('-').map(|(from, to)| (day(from), to)) {
        Some((Some(_), "长期")) => true,
        Some((Some(from), to)) => day(to).is_some_and(|to| from <= to),
        _ => false,
    }
}

/// Domain name with at least two labels, A-labels or U-labels.
pub fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let label_is_good = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|it| it.is_alphanumeric() || it == '-')
    };
    let top_is_numeric = labels.last().is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()));
    labels.len() >= 2 && text.len() <= 128 && labels.iter().all(label_is_good) && !top_is_numeric
}

/// Whether a server can have the address on the public net. The documentation ranges count as
/// public, so that examples need no real address.
pub fn is_public_address(address: u32) -> bool {
    let address = Ipv4Addr::from(address);
    let first = address.octets().into_iter().next();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || first == Some(0)
        || first >= Some(224))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_pass_and_altered_ones_do_not() {
        for good in ["440308199901101512", "810000199408230021", "830000199201300022"] {
            assert!(is_citizen_id(good), "{good}");
        }
        for bad in ["440308199901101513", "44030819990110151", "", "44030819990110151é"] {
            assert!(!is_citizen_id(bad), "{bad}");
        }
        for good in ["91350200776049653A", "91440101MA5CJQ4N59", "12441400456763110Y", "91510681MA66PGA4XN"] {
            assert!(is_credit_code(good), "{good}");
        }
        for bad in ["91350200776049653B", "91350200776049653", "9135020077604965IA"] {
            assert!(!is_credit_code(bad), "{bad}");
        }
        for good in ["110108000000016", "110108002734659", "440301103448669"] {
            assert!(is_registration_number(good), "{good}");
        }
        assert!(!is_registration_number("110108000000017"));
    }

    #[test]
    fn contact_data() {
        assert!(is_mobile("13000000000") && !is_mobile("12000000000") && !is_mobile("1300000000"));
        assert!(is_office_phone("0571-00000000") && !is_office_phone("0571"));
        assert!(is_mail_address("a@example.cn") && !is_mail_address("a@b") && !is_mail_address("@example.cn"));
    }

    #[test]
    fn a_document_is_valid_from_a_day_to_a_later_one_or_for_ever() {
        for good in ["2019.06.30-2039.06.30", "2019.06.30-长期"] {
            assert!(is_validity(good), "{good}");
        }
        for bad in ["2039.06.30-2019.06.30", "2019.06.30", "20190630-20390630", "长期", "2019.02.30-长期"] {
            assert!(!is_validity(bad), "{bad}");
        }
    }

    #[test]
    fn domains_and_addresses() {
        for good in ["example.cn", "xn--fiqs8s.cn", "示例.中国", "a-b.com.cn"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in ["example", "-a.cn", "a..cn", "a b.cn", "192.0.2.1", ""] {
            assert!(!is_domain(bad), "{bad}");
        }
        assert!(is_public_address(3_221_225_985));
        assert!(!is_public_address(0) && !is_public_address(0x0a00_0001) && !is_public_address(0xffff_ffff));
    }
}
