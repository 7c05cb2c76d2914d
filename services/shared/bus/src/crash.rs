//! Places between two steps where a test ends the process as `kill -9` would. Release builds have none.

#[cfg(debug_assertions)]
static HOOK: std::sync::OnceLock<fn(&'static str)> = std::sync::OnceLock::new();

/// Calls `hook` at every such place from now on; the first hook stays.
#[cfg(debug_assertions)]
pub fn set_hook(hook: fn(&'static str)) {
    // A second hook of the same test process is the same function.
    let _ = HOOK.set(hook);
}

/// A place between two steps.
pub(crate) fn point(_place: &'static str) {
    #[cfg(debug_assertions)]
    if let Some(hook) = HOOK.get() {
        hook(_place);
    }
}
