//! Reads the cases of a batch: postcard's form, with only those types that a case has. Most of a case is Chinese text,
//! and reading was the larger part of judging it in a module: here a text is checked many bytes at a time where the
//! machine can, and nothing stands between the bytes and the record.

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;
use thiserror::Error;

/// Why bytes are no case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum ReadError {
    #[error("it ends early")]
    Ends,
    #[error("a number is too large")]
    Number,
    #[error("a text is not UTF-8")]
    Text,
    #[error("a mark is neither 0 nor 1")]
    Mark,
    #[error("a value is not of its type")]
    Value,
}

impl serde::de::Error for ReadError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

/// The bytes that are not read yet.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
}

impl<'de> Reader<'de> {
    pub(super) fn of(bytes: &'de [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, ReadError> {
        let (first, rest) = self.rest.split_first().ok_or(ReadError::Ends)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A number of seven bits a byte, the lowest first; the last byte is below 0x80.
    #[inline]
    fn number(&mut self, bits: u32) -> Result<u64, ReadError> {
        let first = self.byte()?;
        if first < 0x80 { Ok(u64::from(first)) } else { self.long_number(first, bits) }
    }

    fn long_number(&mut self, first: u8, bits: u32) -> Result<u64, ReadError> {
        let mut number = u64::from(first & 0x7f);
        for shift in (7..bits).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if bits - shift < 7 && part >> (bits - shift) != 0 {
                return Err(ReadError::Number);
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ReadError::Number)
    }

    #[inline]
    fn length(&mut self) -> Result<usize, ReadError> {
        usize::try_from(self.number(32)?).map_err(|_| ReadError::Number)
    }

    fn text(&mut self) -> Result<&'de str, ReadError> {
        let length = self.length()?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or(ReadError::Ends)?;
        self.rest = rest;
        simdutf8::basic::from_utf8(text).map_err(|_| ReadError::Text)
    }

    fn mark(&mut self) -> Result<bool, ReadError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ReadError::Mark),
        }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = ReadError;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// The form does not say what comes next.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ReadError> {
        Err(ReadError::Value)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 f32 f64 char bytes byte_buf unit unit_struct map identifier ignored_any
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_bool(self.mark()?)
    }

    #[inline]
    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u8(self.byte()?)
    }

    #[inline]
    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(self.number(16)?)
    }

    #[inline]
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(self.number(32)?)
    }

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(self.number(64)?)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.mark()? { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let left = self.length()?;
        visitor.visit_seq(Elements { reader: self, left })
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(Elements { reader: self, left })
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_seq(Elements { reader: self, left })
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_seq(Elements { reader: self, left: fields.len() })
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(self)
    }
}

/// Values one after another.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = ReadError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = ReadError;
    type Variant = Self;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let variant = u32::try_from(self.number(32)?).map_err(|_| ReadError::Number)?;
        Ok((seed.deserialize(IntoDeserializer::<ReadError>::into_deserializer(variant))?, self))
    }
}

/// The enums of a case are plain names.
impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = ReadError;

    #[inline]
    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, ReadError> {
        Err(ReadError::Value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        Err(ReadError::Value)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, ReadError> {
        Err(ReadError::Value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        One,
        Other,
    }

    type All = (bool, u8, u16, u32, u64, String, Option<Kind>, Vec<(Option<String>, Kind)>);

    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), ReadError> {
        let mut reader = Reader::of(bytes);
        T::deserialize(&mut reader).map(|value| (value, reader.rest.len()))
    }

    fn some(number: u64, text: &str) -> All {
        let (small, kind) = (number as u8, if number.is_multiple_of(2) { Kind::One } else { Kind::Other });
        let list = vec![(None, Kind::Other), (Some(text.repeat(3)), Kind::One)];
        (number.is_multiple_of(3), small, number as u16, number as u32, number, text.to_owned(), Some(kind), list)
    }

    #[test]
    fn it_reads_what_postcard_writes() {
        let numbers = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1, u64::MAX >> bit]);
        for number in numbers {
            for text in ["", "a", "示例灯塔", &"示例灯塔科技有限公司 a".repeat(9)] {
                let value = some(number, text);
                let mut bytes = postcard::to_allocvec(&value).unwrap();
                bytes.push(7);
                assert_eq!(read::<All>(&bytes), Ok((value, 1)));
            }
        }
    }

    #[test]
    fn it_refuses_what_postcard_refuses() {
        let bytes = postcard::to_allocvec(&some(u64::MAX - 1, "示例灯塔科技")).unwrap();
        for length in 0..bytes.len() {
            assert!(read::<All>(&bytes[..length]).is_err(), "{length}");
        }
        // Each byte as every other one: what is read is what postcard reads, and what is refused it refuses.
        for (place, _) in bytes.iter().enumerate() {
            for byte in 0..=u8::MAX {
                let mut damaged = bytes.clone();
                damaged[place] = byte;
                let expected = postcard::take_from_bytes::<All>(&damaged).ok().map(|(value, rest)| (value, rest.len()));
                assert_eq!(read::<All>(&damaged).ok(), expected, "{byte} at {place}");
            }
        }
        assert_eq!(read::<f32>(&[0; 4]), Err(ReadError::Value));
        assert_eq!(read::<String>(&[2, b'a', 0xff]), Err(ReadError::Text));
        assert_eq!(read::<u16>(&[0xff, 0xff, 4]), Err(ReadError::Number));
    }
}
