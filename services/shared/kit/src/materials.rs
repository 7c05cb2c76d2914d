//! Materials (photos, scans) in an object store, each encrypted under its own random key.

use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::vault::{DataKey, VaultError};

/// The object store of materials.
#[derive(Debug, Clone)]
pub struct Materials {
    store: Arc<dyn ObjectStore>,
}

/// Where a stored material is and how it is read.
#[derive(Clone)]
pub struct StoredMaterial {
    /// Location in the object store.
    pub object: String,
    /// Key of this material alone.
    pub key: DataKey,
    /// SHA-256 of the clear bytes.
    pub sha256: [u8; 32],
}

/// Why a material could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The object store failed; try again.
    #[error("the object store does not answer")]
    Store(#[source] object_store::Error),
    /// Nothing is stored there.
    #[error("no material is stored at `{0}`")]
    NotFound(String),
    /// Wrong key or changed bytes.
    #[error("the stored material cannot be decrypted")]
    Broken(#[source] VaultError),
}

impl Materials {
    /// A store in a folder, which is created.
    pub fn in_folder(root: &std::path::Path) -> Result<Self, MaterialError> {
        std::fs::create_dir_all(root).map_err(|source| {
            MaterialError::Store(object_store::Error::Generic { store: "folder", source: Box::new(source) })
        })?;
        let store = LocalFileSystem::new_with_prefix(root).map_err(MaterialError::Store)?;
        Ok(Self { store: Arc::new(store) })
    }

    /// Encrypts and stores `clear` at `object`.
    pub async fn put(&self, object: &str, clear: &[u8]) -> Result<StoredMaterial, MaterialError> {
        let key = DataKey::generate();
        self.put_with(object, &key, clear).await?;
        Ok(StoredMaterial { object: object.to_owned(), key, sha256: Sha256::digest(clear).into() })
    }

    /// Encrypts `clear` under a key that other objects share, and stores it at `object`.
    pub async fn put_with(&self, object: &str, key: &DataKey, clear: &[u8]) -> Result<(), MaterialError> {
        let stored = key.encrypt(object.as_bytes(), clear).map_err(MaterialError::Broken)?;
        self.store.put(&object.into(), stored.into()).await.map_err(MaterialError::Store)?;
        Ok(())
    }

    /// Reads and decrypts what is stored at `object`.
    pub async fn get(&self, object: &str, key: &[u8]) -> Result<Vec<u8>, MaterialError> {
        let result = self.store.get(&object.into()).await.map_err(|error| match error {
            object_store::Error::NotFound { path, .. } => MaterialError::NotFound(path),
            other => MaterialError::Store(other),
        })?;
        let stored = result.bytes().await.map_err(MaterialError::Store)?;
        let key = DataKey::from_bytes(key).ok_or(MaterialError::Broken(VaultError::Broken))?;
        key.decrypt(object.as_bytes(), &stored).map_err(MaterialError::Broken)
    }

    /// Removes a material; removing it twice is no error.
    pub async fn delete(&self, object: &str) -> Result<(), MaterialError> {
        match self.store.delete(&object.into()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(MaterialError::Store(error)),
        }
    }

    /// Removes everything in a folder; removing it twice is no error.
    pub async fn delete_all(&self, folder: &str) -> Result<(), MaterialError> {
        let folder = Path::from(folder);
        let found: Vec<ObjectMeta> =
            self.store.list(Some(&folder)).try_collect().await.map_err(MaterialError::Store)?;
        for object in found {
            self.delete(object.location.as_ref()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_material_is_unreadable_on_disk_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let materials = Materials::in_folder(folder.path()).unwrap();
        let stored = materials.put("order/one", b"clear picture").await.unwrap();
        let on_disk = std::fs::read(folder.path().join("order/one")).unwrap();
        assert!(!on_disk.windows(5).any(|w| w == b"clear"));
        assert_eq!(materials.get("order/one", stored.key.expose()).await.unwrap(), b"clear picture");
        assert!(matches!(materials.get("order/two", stored.key.expose()).await, Err(MaterialError::NotFound(_))));
        materials.delete("order/one").await.unwrap();
        materials.delete("order/one").await.unwrap();

        let key = DataKey::generate();
        materials.put_with("uploads/one/0", &key, b"first").await.unwrap();
        materials.put_with("uploads/one/5", &key, b"second").await.unwrap();
        materials.put_with("uploads/two/0", &key, b"other").await.unwrap();
        materials.delete_all("uploads/one").await.unwrap();
        materials.delete_all("uploads/one").await.unwrap();
        assert!(matches!(materials.get("uploads/one/5", key.expose()).await, Err(MaterialError::NotFound(_))));
        assert_eq!(materials.get("uploads/two/0", key.expose()).await.unwrap(), b"other");
    }
}
