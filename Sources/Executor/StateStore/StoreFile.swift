import DRKit
import Glibc

/// The file itself: that it can be made and written, and that only its owner can read it.
enum StoreFile {
  /// Makes the file with mode 0600 if there is none, and takes other users' rights away if it has any. SQLite gives its
  /// `-wal` and `-shm` files the mode of the main file.
  static func prepare(_ path: String) throws(DRError) {
    let created = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if created >= 0 {
      Glibc.close(created)
      return
    }
    guard errno == EEXIST else { throw failure(path) }
    // Not opened: closing a descriptor would drop the locks that SQLite holds on the file in this process.
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DRError(
        .unfit, "open the state store", path, reason: "it is not a regular file",
        remedy: "name another file in the configuration")
    }
    guard access(path, R_OK | W_OK) == 0 else { throw failure(path) }
    if status.st_mode & 0o077 != 0, chmod(path, 0o600) != 0 { throw failure(path) }
  }

  /// Bytes; nil when there is no file.
  static func size(_ path: String) throws(DRError) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw failure(path)
    }
    return Int64(status.st_size)
  }

  private static func failure(_ path: String) -> DRError {
    let code = errno
    let remedy =
      switch code {
      case ENOENT: "make the directory, writable for this user"
      case EACCES, EPERM, EROFS: "run as the user who owns it, or name a file where this user can write"
      default: "name a file in a directory that this user can write"
      }
    return DRError(
      .unfit, "open the state store", path, reason: String(cString: strerror(code)), remedy: remedy)
  }
}
