import DRKit
import Glibc

/// `errno` in our words.
package enum FileFailure {
  /// - Parameters:
  ///   - code: as left by the call that failed.
  ///   - path: relative to the volume.
  package static func error(_ operation: String, _ path: String, _ code: Int32) -> DRError {
    let text = String(cString: strerror(code))
    switch code {
    case ENOENT:
      return DRError(.missing, operation, path, reason: text)
    case EROFS:
      return DRError(
        .refused, operation, path, reason: text,
        remedy: "gluster volume set VOLUME features.read-only off, then take a fresh view")
    case EACCES, EPERM:
      return DRError(.refused, operation, path, reason: text, remedy: "run as root")
    case ENOSPC, EDQUOT:
      return DRError(.refused, operation, path, reason: text, remedy: "make room on the volume")
    case ELOOP, ENOTDIR:
      return DRError(
        .refused, operation, path, reason: "\(text): a part of the path is a symbolic link, or no directory",
        remedy: "see who put it there: drkit follows no links on a volume")
    case EISDIR, ENOTEMPTY, EEXIST, ENAMETOOLONG, EFBIG, ENOTSUP:
      return DRError(
        .refused, operation, path, reason: text, remedy: "see what stands at that path on the volume")
    default:
      // ENOTCONN, ETIMEDOUT, ESTALE, EIO, …: bricks come and go. EINVAL: seen once in a while on 10.3 from fchmod of a file
      // just created on a sharded volume, and not again at the next try.
      return DRError(
        .transient, operation, path, reason: text,
        remedy: "see that the volume's bricks are up, and take a fresh view")
    }
  }

  /// A read of a file that is there. What its content can't be had for is a proof's failure: missing shards give EROFS
  /// (seen on 10.3) or ENOENT, a split brain EIO. The original is not proved but read: there EIO is a brick that went.
  /// - Parameter isCopy: of a secondary.
  package static func content(
    _ operation: String, _ path: String, _ code: Int32, at offset: Int64, isCopy: Bool
  ) -> DRError {
    switch code {
    case EROFS, ENOENT, ENODATA: lost(operation, path, code, at: offset, isCopy: isCopy)
    case EIO where isCopy: lost(operation, path, code, at: offset, isCopy: isCopy)
    default: error(operation, path, code)
    }
  }

  /// Content that is known not to be there.
  package static func lost(
    _ operation: String, _ path: String, _ code: Int32, at offset: Int64, isCopy: Bool
  ) -> DRError {
    DRError(
      .disproved, operation, path,
      reason: "\(String(cString: strerror(code))) at byte \(offset): a shard is missing or unreadable",
      remedy: isCopy
        ? "the copy is not whole: synchronise again, and if that does not help recreate the session with reset-sync-time"
        : "this is the original: see to the primary volume first (`gluster volume heal VOLUME info`)"
    )
  }
}
