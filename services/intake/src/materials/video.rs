//! MP4 and QuickTime: whether a video is whole, how long it is and that it has a picture; its metadata is blanked.

use super::fault::Fault;

/// A video without what a filing does not need.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// The bytes to store, as long as what was sent: boxes of metadata became free space.
    pub bytes: Vec<u8>,
    /// Whether anything was blanked.
    pub is_changed: bool,
    /// Its length, milliseconds.
    pub duration_ms: u64,
}

/// Boxes are nested at most so deep on the way to a track's handler.
const DEPTH_MAX: u32 = 4;

/// Checks a video of at most so many seconds.
pub fn check(bytes: &[u8], seconds_max: u64) -> Result<Checked, Fault> {
    let mut walk = Walk { bytes: bytes.to_vec(), ..Walk::default() };
    walk.boxes(0, bytes.len(), 0)?;
    if !walk.has_data {
        return Err(Fault::Truncated);
    }
    let duration_ms = walk.duration_ms.ok_or(Fault::Truncated)?;
    if !walk.has_picture {
        return Err(Fault::NoPicture);
    }
    let seconds = duration_ms.div_ceil(1_000);
    if seconds > seconds_max {
        return Err(Fault::TooLong { seconds, most: seconds_max });
    }
    Ok(Checked { is_changed: walk.bytes != bytes, bytes: walk.bytes, duration_ms })
}

#[derive(Default)]
struct Walk {
    bytes: Vec<u8>,
    has_data: bool,
    has_picture: bool,
    duration_ms: Option<u64>,
}

impl Walk {
    /// Looks at the boxes between two places; they must fill the space exactly.
    fn boxes(&mut self, start: usize, end: usize, depth: u32) -> Result<(), Fault> {
        let mut place = start;
        while place < end {
            let (name, content, next) = self.head(place, end)?;
            match &name {
                b"mdat" => self.has_data = true,
                b"moov" | b"trak" | b"mdia" if depth < DEPTH_MAX => self.boxes(content, next, depth + 1)?,
                b"mvhd" => self.duration_ms = Some(self.duration_ms(content, next)?),
                // Version and flags, an unused field, then the kind of the track.
                b"hdlr" if self.bytes.get(content + 8..content + 12) == Some(b"vide") => self.has_picture = true,
                // Place, device and time of the recording.
                b"udta" | b"meta" | b"uuid" => self.blank(place, content, next),
                _ => {}
            }
            place = next;
        }
        Ok(())
    }

    /// Name of the box at a place, where its content begins, and where the next box does.
    fn head(&self, place: usize, end: usize) -> Result<([u8; 4], usize, usize), Fault> {
        let head = self.bytes.get(place..end).ok_or(Fault::Truncated)?;
        let (size, after) = head.split_first_chunk::<4>().ok_or(Fault::Truncated)?;
        let (name, after) = after.split_first_chunk::<4>().ok_or(Fault::Truncated)?;
        let (size, content) = match u32::from_be_bytes(*size) {
            0 => (head.len() as u64, 8),
            1 => (u64::from_be_bytes(*after.first_chunk::<8>().ok_or(Fault::Truncated)?), 16),
            size => (u64::from(size), 8),
        };
        let size = usize::try_from(size).map_err(|_| Fault::Truncated)?;
        if size < content {
            return Err(Fault::Damaged("a video"));
        }
        let next = place.checked_add(size).filter(|next| *next <= end).ok_or(Fault::Truncated)?;
        Ok((*name, place + content, next))
    }

    /// Version 0 has times of four bytes, version 1 of eight.
    fn duration_ms(&self, content: usize, end: usize) -> Result<u64, Fault> {
        let header = self.bytes.get(content..end).unwrap_or_default();
        let number = |place: usize, length: usize| {
            let bytes = header.get(place..place + length).ok_or(Fault::Truncated)?;
            Ok(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
        };
        let (per_second, duration) = if header.first() == Some(&1) {
            (number(20, 4)?, number(24, 8)?)
        } else {
            (number(12, 4)?, number(16, 4)?)
        };
        if per_second == 0 {
            return Err(Fault::Damaged("a video"));
        }
        Ok(duration.saturating_mul(1_000) / per_second)
    }

    /// Makes a box free space of the same size, so that nothing else moves.
    fn blank(&mut self, place: usize, content: usize, next: usize) {
        if let Some(name) = self.bytes.get_mut(place + 4..place + 8) {
            name.copy_from_slice(b"free");
        }
        if let Some(content) = self.bytes.get_mut(content..next) {
            content.fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_testkit::files::mp4 as video;

    use super::*;

    #[test]
    fn a_video_is_measured_and_its_place_is_blanked() {
        let sent = video(12, b"vide");
        let checked = check(&sent, 60).unwrap();
        assert_eq!((checked.duration_ms, checked.is_changed, checked.bytes.len()), (12_000, true, sent.len()));
        assert!(checked.bytes.windows(6).all(|part| part != b"+22.54"));
        let again = check(&checked.bytes, 60).unwrap();
        assert!(!again.is_changed);
    }

    #[test]
    fn long_mute_and_cut_off_videos_are_refused() {
        assert_eq!(check(&video(61, b"vide"), 60), Err(Fault::TooLong { seconds: 61, most: 60 }));
        assert_eq!(check(&video(5, b"soun"), 60), Err(Fault::NoPicture));
        let whole = video(5, b"vide");
        for length in 1..whole.len() {
            assert_eq!(check(&whole[..length], 60).unwrap_err(), Fault::Truncated, "{length} of {}", whole.len());
        }
        let mut lying = whole;
        lying[3] = 4;
        assert_eq!(check(&lying, 60), Err(Fault::Damaged("a video")));
    }
}
