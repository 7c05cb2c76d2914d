//! The allocator of the modules. An order is some hundred short strings that live for microseconds, and the standard
//! allocator of WebAssembly spends as long on them as the rules do. Here a freed piece is the next one of its size.
//!
//! Pieces up to [`LARGEST`] come from lists by size and are never given back; an instance lives as long as its call.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// Alignment and step of the smaller sizes.
const STEP: usize = 16;
/// Sizes up to here have a list per step, sizes above one per power of two.
const FINE: usize = 512;
const FINE_LISTS: usize = FINE / STEP;
/// Larger pieces are left to the standard allocator.
const LARGEST: usize = 32 * 1024;
const LISTS: usize = FINE_LISTS + (LARGEST / FINE).trailing_zeros() as usize;
/// Taken from the standard allocator at a time.
const CHUNK: usize = 64 * 1024;

struct Pieces {
    /// First free piece of each list; each piece begins with the address of the next.
    free: [*mut u8; LISTS],
    /// What is left of the chunk.
    rest: *mut u8,
    rest_size: usize,
}

/// The allocator.
pub struct BySize {
    pieces: UnsafeCell<Pieces>,
}

// SAFETY: a module has one thread.
unsafe impl Sync for BySize {}

impl BySize {
    /// An empty one.
    pub const fn new() -> Self {
        Self { pieces: UnsafeCell::new(Pieces { free: [null_mut(); LISTS], rest: null_mut(), rest_size: 0 }) }
    }
}

/// The list of a layout and the size of its pieces; none where the standard allocator is asked.
fn list_of(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size();
    if layout.align() > STEP || size > LARGEST || size == 0 {
        return None;
    }
    if size <= FINE {
        let list = (size - 1) / STEP;
        return Some((list, (list + 1) * STEP));
    }
    let piece = size.next_power_of_two();
    Some((FINE_LISTS + (piece / FINE).trailing_zeros() as usize - 1, piece))
}

// SAFETY: a piece is handed out once until it is freed, is at least as large as its layout, and is aligned to 16:
// chunks are, and all sizes are multiples of 16. The list of a piece follows from its layout alone.
unsafe impl GlobalAlloc for BySize {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, size)) = list_of(layout) else { return unsafe { System.alloc(layout) } };
        let pieces = unsafe { &mut *self.pieces.get() };
        let Some(free) = pieces.free.get_mut(list) else { return null_mut() };
        let first = *free;
        if !first.is_null() {
            *free = unsafe { first.cast::<*mut u8>().read() };
            return first;
        }
        if pieces.rest_size < size {
            let Ok(chunk) = Layout::from_size_align(CHUNK, STEP) else { return null_mut() };
            pieces.rest = unsafe { System.alloc(chunk) };
            if pieces.rest.is_null() {
                pieces.rest_size = 0;
                return null_mut();
            }
            pieces.rest_size = CHUNK;
        }
        let piece = pieces.rest;
        pieces.rest = unsafe { piece.add(size) };
        pieces.rest_size -= size;
        piece
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let Some((list, _)) = list_of(layout) else { return unsafe { System.dealloc(piece, layout) } };
        let pieces = unsafe { &mut *self.pieces.get() };
        if let Some(free) = pieces.free.get_mut(list) {
            unsafe { piece.cast::<*mut u8>().write(*free) };
            *free = piece;
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else { return null_mut() };
        match (list_of(layout), list_of(new_layout)) {
            (None, None) => unsafe { System.realloc(piece, layout, new_size) },
            (old, new) if old == new => piece,
            _ => {
                let moved = unsafe { self.alloc(new_layout) };
                if !moved.is_null() {
                    unsafe { std::ptr::copy_nonoverlapping(piece, moved, layout.size().min(new_size)) };
                    unsafe { self.dealloc(piece, layout) };
                }
                moved
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: BySize = BySize::new();

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn lists_are_as_large_as_their_layouts() {
        let mut seen = std::collections::BTreeMap::new();
        for size in 1..=LARGEST {
            let (list, piece) = list_of(Layout::from_size_align(size, 8).unwrap()).unwrap();
            assert!(list < LISTS && piece >= size && piece.is_multiple_of(STEP), "{size}");
            assert!(piece < size * 2 || piece <= size + STEP, "{size} takes {piece}");
            assert_eq!(*seen.entry(list).or_insert(piece), piece);
        }
        assert_eq!(seen.len(), LISTS);
        for (size, align) in [(LARGEST + 1, 8), (0, 8), (64, 32)] {
            assert_eq!(list_of(Layout::from_size_align(size, align).unwrap()), None);
        }
    }

    #[test]
    fn pieces_do_not_overlap_and_keep_what_they_hold() {
        let allocator = BySize::new();
        let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut state = 7_u64;
        for step in 0..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = usize::try_from(state >> 40).unwrap();
            let fill = u8::try_from(step % 251).unwrap();
            if random.is_multiple_of(3) && !held.is_empty() {
                let (piece, layout, fill) = held.swap_remove(random % held.len());
                let bytes = unsafe { std::slice::from_raw_parts(piece, layout.size()) };
                assert!(bytes.iter().all(|byte| *byte == fill), "step {step}");
                unsafe { allocator.dealloc(piece, layout) };
            } else if random % 3 == 1 && !held.is_empty() {
                let place = random % held.len();
                let (piece, layout, fill) = held[place];
                let new_size = random % 3000 + 1;
                let moved = unsafe { allocator.realloc(piece, layout, new_size) };
                let kept = unsafe { std::slice::from_raw_parts(moved, layout.size().min(new_size)) };
                assert!(kept.iter().all(|byte| *byte == fill), "step {step}");
                unsafe { moved.write_bytes(fill, new_size) };
                held[place] = (moved, Layout::from_size_align(new_size, layout.align()).unwrap(), fill);
            } else {
                let layout = Layout::from_size_align(random % 2000 + 1, 1 << (random % 5)).unwrap();
                let piece = unsafe { allocator.alloc(layout) };
                assert!(!piece.is_null() && (piece as usize).is_multiple_of(layout.align()));
                unsafe { piece.write_bytes(fill, layout.size()) };
                held.push((piece, layout, fill));
            }
        }
    }
}
