//! Compiling a module takes tens of megabytes for half a second. The C library would keep them for the next time,
//! which may be months away.
#![allow(unsafe_code)]

/// Gives what is free back to the system.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` takes no pointer and locks what it works on.
    unsafe {
        libc::malloc_trim(0);
    }
}
