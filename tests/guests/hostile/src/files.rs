//! Paths that lead elsewhere. `<mount>` is the guest's name of a directory, `-` an empty path.

use super::wasi::filesystem::preopens::get_directories;
use super::wasi::filesystem::types::*;
use super::{debug, Deed};

pub fn mounted(mount: &str) -> Result<Descriptor, String> {
    let mut all = get_directories();
    let found = all.iter().position(|(_, name)| name == mount);
    let names: Vec<_> = all.iter().map(|(_, name)| name.clone()).collect();
    found.map(|at| all.swap_remove(at).0).ok_or_else(|| format!("{mount} is none of {names:?}"))
}

pub fn open(mount: &str, path: &str) -> Result<Descriptor, String> {
    let follow = PathFlags::SYMLINK_FOLLOW;
    let folder = mounted(mount)?;
    folder.open_at(follow, path, OpenFlags::empty(), DescriptorFlags::READ).map_err(debug)
}

pub fn run(words: &[&str]) -> Deed {
    match words {
        ["mounts"] => {
            let names: Vec<_> = get_directories().into_iter().map(|(_, name)| name).collect();
            Ok(format!("{names:?}"))
        }
        ["read", mount, path] => {
            let (bytes, _) = open(mount, path)?.read(1 << 10, 0).map_err(debug)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        // By the path that a program of its language would use.
        ["std-read", path] => std::fs::read_to_string(path).map_err(debug),
        ["write", mount, path] => {
            let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
            let file = mounted(mount)?
                .open_at(PathFlags::SYMLINK_FOLLOW, path, flags, DescriptorFlags::WRITE)
                .map_err(debug)?;
            file.write(b"escaped", 0).map(|_| "written".to_owned()).map_err(debug)
        }
        ["rename", from, path, to, new_path] => {
            let done = mounted(from)?.rename_at(path, &mounted(to)?, new_path);
            done.map(|_| "renamed".to_owned()).map_err(debug)
        }
        ["link", from, path, to, new_path] => {
            let done = mounted(from)?.link_at(PathFlags::empty(), path, &mounted(to)?, new_path);
            done.map(|_| "linked".to_owned()).map_err(debug)
        }
        ["symlink", mount, target, path] => {
            let done = mounted(mount)?.symlink_at(target, path);
            done.map(|_| "linked".to_owned()).map_err(debug)
        }
        ["readlink", mount, path] => mounted(mount)?.readlink_at(path).map_err(debug),
        ["remove", mount, path] => {
            mounted(mount)?.unlink_file_at(path).map(|_| "removed".to_owned()).map_err(debug)
        }
        ["make", mount, path] => {
            mounted(mount)?.create_directory_at(path).map(|_| "made".to_owned()).map_err(debug)
        }
        _ => Err(format!("unknown: {words:?}")),
    }
}
