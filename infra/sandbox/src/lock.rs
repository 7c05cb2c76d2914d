//! Short critical sections over plain data: a poisoned lock still holds usable data, because no
//! section leaves it half changed across a call that can panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
