import DRKit
import Glibc

/// A directory to mount on, held by a lock for as long as its process lives: what is found unlocked was left by a process
/// that was killed, and is cleared away. All calls block.
package final class MountPoint: Sendable {
  /// What is mounted on.
  package let path: String
  private let lockPath: String
  private let lock: Descriptor

  /// - Throws: `.unfit` when no directory can be made there.
  package init(in base: String) throws(DRError) {
    try Self.makeBase(base)
    Self.sweep(base)
    for number in 0..<10_000 {
      let lockPath = "\(base)/m-\(getpid())-\(number)"
      let file = Glibc.open(lockPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0 else {
        if errno == EEXIST { continue }
        throw Self.failure(base)
      }
      let lock = Descriptor(file)
      // A sweep may have been quicker, in the moment before the lock: then the name is gone.
      var status = stat()
      guard flock(file, LOCK_EX | LOCK_NB) == 0, fstat(file, &status) == 0, status.st_nlink > 0 else {
        continue
      }
      guard mkdir(lockPath + ".d", 0o700) == 0 else { throw Self.failure(base) }
      self.lock = lock
      self.lockPath = lockPath
      self.path = lockPath + ".d"
      return
    }
    throw DRError(
      .unfit, "make a mount point", base, reason: "10,000 views are being mounted",
      remedy: "see what \(base) holds")
  }

  /// The root of what is mounted here.
  /// - Throws: `.transient` when nothing is: without this check a failed mount would have us write to the local disk.
  package func open(_ subject: String) throws(DRError) -> Descriptor {
    let number = retrying { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard number >= 0 else { throw FileFailure.error("open a mount", subject, errno) }
    let root = Descriptor(number)
    var status = stat()
    var parent = stat()
    guard fstat(number, &status) == 0, stat(lockPath, &parent) == 0 else {
      throw FileFailure.error("open a mount", subject, errno)
    }
    // The root of a Gluster mount is inode 1 (mount.glusterfs checks by it, too).
    guard status.st_dev != parent.st_dev, status.st_ino == 1 else {
      throw DRError(
        .transient, "open a mount", subject, reason: "mount said success, but nothing is mounted",
        remedy: "see the client's log")
    }
    return root
  }

  /// Takes the mount, if there is one, out of the name space, and the directory away. Repeating it is harmless.
  package func detach() { Self.clear(path, lockPath) }

  private static func clear(_ path: String, _ lockPath: String) {
    // A client may have mounted twice (retried): as often as there is something.
    var rounds = 0
    while umount2(path, Int32(MNT_DETACH)) == 0, rounds < 8 { rounds += 1 }
    // The lock's name is how the next sweep finds a directory that could not go.
    if rmdir(path) == 0 || errno == ENOENT { unlink(lockPath) }
  }

  private static func sweep(_ base: String) {
    guard let names = try? VolumeFiles(handle: DirectoryHandle(path: base)).list(VolumePath(directory: ""))
    else {
      return
    }
    for name in names where name.hasPrefix("m-") && !name.hasSuffix(".d") {
      let lockPath = "\(base)/\(name)"
      let number = Glibc.open(lockPath, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
      guard number >= 0 else { continue }
      let lock = Descriptor(number)
      if flock(lock.number, LOCK_EX | LOCK_NB) == 0 { clear(lockPath + ".d", lockPath) }
    }
  }

  private static func makeBase(_ base: String) throws(DRError) {
    var made = ""
    for part in base.split(separator: "/") {
      made += "/\(part)"
      if mkdir(made, 0o700) != 0, errno != EEXIST { throw failure(made) }
    }
    // Others must not see into mounts of root's.
    if chmod(base, 0o700) != 0 { throw failure(base) }
  }

  private static func failure(_ path: String) -> DRError {
    DRError(
      .unfit, "make a mount point", path, reason: String(cString: strerror(errno)),
      remedy: "run as root, or name another directory for mounts")
  }
}
