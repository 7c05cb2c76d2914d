//! The comparison of bytes that `==` on texts calls. The one that comes with the compiler goes byte by byte in
//! WebAssembly, and each round also counts fuel and looks at the deadline; here a round is eight bytes.
#![allow(unsafe_code)]

/// Bytes of a round.
const WORD: usize = size_of::<u64>();
const HALF: usize = size_of::<u32>();

/// How the first bytes that differ compare; 0 where none does.
///
/// # Safety
/// As C's `memcmp`: both addresses can be read for `length` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    // SAFETY: every place is below `length`, that of a word or half by as many bytes as it has; neither needs to be
    // aligned.
    let word = |of: *const u8, place: usize| u64::from_be(unsafe { of.add(place).cast::<u64>().read_unaligned() });
    let byte = |of: *const u8, place: usize| unsafe { of.add(place).read() };
    let mut place = 0;
    while place + WORD <= length {
        let (left, right) = (word(one, place), word(other, place));
        if left != right {
            return if left < right { -1 } else { 1 };
        }
        place += WORD;
    }
    if length >= WORD {
        // The last word again covers what is left; what comes before in it is equal.
        let (left, right) = (word(one, length - WORD), word(other, length - WORD));
        return if left == right {
            0
        } else if left < right {
            -1
        } else {
            1
        };
    }
    if length >= HALF {
        let half = |of: *const u8, place: usize| u32::from_be(unsafe { of.add(place).cast::<u32>().read_unaligned() });
        let left = u64::from(half(one, 0)) << 32 | u64::from(half(one, length - HALF));
        let right = u64::from(half(other, 0)) << 32 | u64::from(half(other, length - HALF));
        return if left == right {
            0
        } else if left < right {
            -1
        } else {
            1
        };
    }
    while place < length {
        let difference = i32::from(byte(one, place)) - i32::from(byte(other, place));
        if difference != 0 {
            return difference;
        }
        place += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_compare_as_slices_do() {
        let texts: Vec<Vec<u8>> = (0..40_usize)
            .flat_map(|length| {
                let text: Vec<u8> = (0..length).map(|place| u8::try_from(place * 29 % 256).unwrap_or(0)).collect();
                (0..=length).map(move |changed| {
                    let mut text = text.clone();
                    text.iter_mut().skip(changed).take(1).for_each(|byte| *byte ^= 0x80);
                    text
                })
            })
            .collect();
        for one in &texts {
            for other in texts.iter().filter(|other| other.len() == one.len()) {
                // SAFETY: both are as long as they say.
                let order = unsafe { memcmp(one.as_ptr(), other.as_ptr(), one.len()) };
                assert_eq!(order.cmp(&0), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }
}
