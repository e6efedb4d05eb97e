import DRKit
import Glibc
import GlusterFiles

extension VolumeFiles {
  /// Replaces the content by `<name>.new`, fsync and rename: a crash leaves the old or the new file whole. Keeps owner and
  /// mode; a file that was not there gets the directory's owner and mode 0644.
  func replace(_ path: VolumePath, with bytes: [UInt8]) throws(DRError) {
    let operation = "replace a file"
    let directory = try handle.makeDirectory(path.parent, operation)
    let temporary = path.name + ".new"
    var kept = stat()
    if fstatat(directory.number, path.name, &kept, AT_SYMLINK_NOFOLLOW) == 0 {
      guard kept.st_mode & S_IFMT == S_IFREG else {
        throw DRError(.refused, operation, path.text, reason: "it is no regular file")
      }
    } else {
      guard errno == ENOENT, fstat(directory.number, &kept) == 0 else {
        throw FileFailure.error(operation, path.text, errno)
      }
      kept.st_mode = 0o644
    }
    // What a crash left is not ours to build on.
    if unlinkat(directory.number, temporary, 0) != 0, errno != ENOENT {
      throw FileFailure.error(operation, path.text + ".new", errno)
    }
    let number = retrying {
      openat(directory.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    }
    guard number >= 0 else { throw FileFailure.error(operation, path.text + ".new", errno) }
    do throws(DRError) {
      let file = Descriptor(number)
      try Self.writeAll(bytes, to: file, path, operation)
      guard fchown(number, kept.st_uid, kept.st_gid) == 0, fchmod(number, kept.st_mode & 0o7777) == 0,
        fsync(number) == 0,
        renameat(directory.number, temporary, directory.number, path.name) == 0
      else { throw FileFailure.error(operation, path.text, errno) }
    } catch {
      unlinkat(directory.number, temporary, 0)
      throw error
    }
    try Self.syncDirectory(directory, path, operation)
  }

  /// Writes into the file itself, made if need be. Not atomic: for content that its reader compares as a whole. (A rename
  /// would leave the data on the subvolume that the *temporary* name hashes to.)
  func overwrite(_ path: VolumePath, with bytes: [UInt8]) throws(DRError) {
    let operation = "write a file"
    let directory = try handle.makeDirectory(path.parent, operation)
    let file = try Self.openForWriting(path, in: directory, operation)
    try Self.writeAll(bytes, to: file, path, operation)
    // Cut only what is too long, and only when the write has reached the bricks: with both under way the shard translator
    // adds the growth up twice, for good (seen on 10.3: 5 bytes written over 4, truncated to 5, size 6 ever after).
    guard fsync(file.number) == 0 else { throw FileFailure.error(operation, path.text, errno) }
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw FileFailure.error(operation, path.text, errno) }
    if Int64(status.st_size) > Int64(bytes.count) {
      guard ftruncate(file.number, off_t(bytes.count)) == 0, fsync(file.number) == 0 else {
        throw FileFailure.error(operation, path.text, errno)
      }
    }
  }

  /// Makes an empty file unless there is one.
  func touch(_ path: VolumePath) throws(DRError) {
    let directory = try handle.makeDirectory(path.parent, "make a file")
    _ = try Self.openForWriting(path, in: directory, "make a file")
  }

  private static func openForWriting(
    _ path: VolumePath, in directory: Descriptor, _ operation: String
  ) throws(DRError) -> Descriptor {
    let number = retrying {
      openat(
        directory.number, path.name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o644)
    }
    guard number >= 0 else { throw FileFailure.error(operation, path.text, errno) }
    let file = Descriptor(number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw FileFailure.error(operation, path.text, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DRError(.refused, operation, path.text, reason: "it is no regular file")
    }
    return file
  }

  private static func writeAll(
    _ bytes: [UInt8], to file: Descriptor, _ path: VolumePath, _ operation: String
  ) throws(DRError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        retrying {
          pwrite(file.number, buffer.baseAddress! + written, buffer.count - written, off_t(written))
        }
      }
      guard count > 0 else { throw FileFailure.error(operation, path.text, count == 0 ? EIO : errno) }
      written += count
    }
  }

  /// Some FUSE servers have no fsync for directories, and say so.
  private static func syncDirectory(
    _ directory: Descriptor, _ path: VolumePath, _ operation: String
  ) throws(DRError) {
    guard fsync(directory.number) == 0 || errno == EINVAL || errno == ENOSYS else {
      throw FileFailure.error(operation, path.text, errno)
    }
  }
}
