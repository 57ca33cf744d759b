//! One Portico per data directory.

use anyhow::{Context, bail};
use std::{
    fs::{File, TryLockError},
    path::Path,
};

/// Held while a private Postgres runs.
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock of a directory.
    ///
    /// # Errors
    ///
    /// When another Portico holds it.
    pub(crate) fn take(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("lock");
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                bail!("another Portico is running on {}: stop it, or choose another PORTICO_DATA_DIR", directory.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked just now has a copy until it runs its own program.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn it_is_held_by_one_and_not_by_a_copy_in_a_forked_child() {
        let directory = std::env::temp_dir().join(format!("portico-lock-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let lock = Lock::take(&directory).unwrap();
        let refused = Lock::take(&directory).map(drop).unwrap_err().to_string();
        assert!(refused.contains("another Portico is running"), "{refused}");

        let copy = lock.0.try_clone().unwrap();
        drop(lock);
        drop(Lock::take(&directory).unwrap());
        drop(copy);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
