import DRKit
import Glibc

/// What a worker leaves behind however it ends: a few numbers in a file that its driver reads. Written before each input, so
/// that a trap has an address.
final class FuzzLogbook: Sendable {
  /// What is in the file, as 64-bit words.
  enum Word: Int, CaseIterable {
    /// The input in hand; counted from 0.
    case input
    case accepted, refused
    /// Resident bytes after the warm-up and the greatest at the end of a later chunk; 0 before.
    case settled, largest
    /// Inputs done.
    case done
  }

  private let file: Int32
  let path: String

  /// Opens the file, making it if there is none.
  init(path: String) throws(DRError) {
    self.path = path
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw DRError(
        .unfit, "open the fuzzer's logbook", path, reason: String(cString: strerror(errno)),
        remedy: "set TMPDIR to a directory that can be written")
    }
  }

  deinit { close(file) }

  func write(_ word: Word, _ value: Int64) {
    var value = value
    _ = pwrite(file, &value, 8, off_t(word.rawValue * 8))
  }

  /// 0 for what was never written.
  func read(_ word: Word) -> Int64 {
    var value: Int64 = 0
    return pread(file, &value, 8, off_t(word.rawValue * 8)) == 8 ? value : 0
  }
}
