import DRKit
import Glibc

/// An open descriptor, closed when the last holder lets go: a thread that hangs in a call keeps it open, and so no other
/// file can take its number.
package final class Descriptor: Sendable {
  package let number: Int32

  /// Takes over the descriptor.
  package init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}

/// Opens things below a directory, one path component at a time and without following symbolic links: whatever lies on the
/// volume, no path leads out of it.
package struct DirectoryHandle: Sendable {
  package let root: Descriptor

  /// - Throws: `.unfit` when the path is no directory that can be opened.
  package init(path: String) throws(DRError) {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      throw DRError(
        .unfit, "open a directory", path, reason: String(cString: strerror(errno)),
        remedy: "name a directory that this user can read")
    }
    root = Descriptor(number)
  }

  package init(_ root: Descriptor) { self.root = root }

  /// The directory; nil when it, or one above it, does not exist.
  package func directory(_ components: [String], _ operation: String) throws(DRError) -> Descriptor? {
    var current = root
    for (index, name) in components.enumerated() {
      let number = retrying { openat(current.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
      guard number >= 0 else {
        let code = errno
        if code == ENOENT { return nil }
        throw FileFailure.error(operation, components[...index].joined(separator: "/"), code)
      }
      current = Descriptor(number)
    }
    return current
  }

  /// The directory, made where it is missing, with its parent's owner and mode: what vdsm may do in the one it may do in
  /// the other.
  package func makeDirectory(_ components: [String], _ operation: String) throws(DRError) -> Descriptor {
    var current = root
    for (index, name) in components.enumerated() {
      let subject = components[...index].joined(separator: "/")
      if mkdirat(current.number, name, 0o700) == 0 {
        let made = try child(current, name, operation, subject)
        var status = stat()
        guard fstat(current.number, &status) == 0,
          fchown(made.number, status.st_uid, status.st_gid) == 0,
          fchmod(made.number, status.st_mode & 0o7777) == 0
        else { throw FileFailure.error(operation, subject, errno) }
        current = made
        continue
      }
      guard errno == EEXIST else { throw FileFailure.error(operation, subject, errno) }
      current = try child(current, name, operation, subject)
    }
    return current
  }

  private func child(
    _ parent: Descriptor, _ name: String, _ operation: String, _ subject: String
  ) throws(DRError) -> Descriptor {
    let number = retrying { openat(parent.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    guard number >= 0 else { throw FileFailure.error(operation, subject, errno) }
    return Descriptor(number)
  }

  /// How often a file that is gone between two calls is opened anew.
  private static let reopenings = 4

  /// A regular file opened for reading; nil when it does not exist.
  ///
  /// Somebody may replace the file meanwhile, by rename: what was opened is then gone (ENOENT or ESTALE, seen on 10.3 through
  /// another mount), and the name leads to the new one.
  package func file(_ path: VolumePath, _ operation: String) throws(DRError) -> (Descriptor, stat)? {
    guard let directory = try directory(path.parent, operation) else { return nil }
    for attempt in 0...Self.reopenings {
      // O_NONBLOCK: a FIFO must not hold us; for a regular file it means nothing.
      let number = retrying {
        openat(directory.number, path.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      }
      guard number >= 0 else {
        let code = errno
        if code == ENOENT { return nil }
        if code == ESTALE, attempt < Self.reopenings { continue }
        throw FileFailure.error(operation, path.text, code)
      }
      let descriptor = Descriptor(number)
      var status = stat()
      guard fstat(number, &status) == 0 else {
        let code = errno
        guard code == ENOENT || code == ESTALE else { throw FileFailure.error(operation, path.text, code) }
        continue
      }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw DRError(
          .refused, operation, path.text, reason: "it is no regular file",
          remedy: "see what stands at that path on the volume")
      }
      return (descriptor, status)
    }
    throw DRError(
      .transient, operation, path.text, reason: "it is replaced again and again while it is opened",
      remedy: "see who writes to it")
  }

  /// Whether the name leads to another file by now, or to none.
  package func isReplaced(
    _ path: VolumePath, _ status: stat, _ operation: String
  ) throws(DRError) -> Bool {
    guard let (_, now) = try file(path, operation) else { return true }
    return now.st_ino != status.st_ino
  }
}

/// Calls again while a signal interrupts.
package func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}
