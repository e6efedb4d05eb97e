import DRKit
import Glibc

/// Real time, for the test bed only.
public enum WallClock {
  public static var now: Instant { Instant(nanoseconds: read(CLOCK_REALTIME)) }

  /// Nanoseconds of a kernel clock.
  ///
  /// `timespec` is read as two words: to the compiler (6.3.1, MemberImportVisibility) its members belong to whichever C
  /// module it happened to load first, which changes with the imports of other files.
  static func read(_ clock: clockid_t) -> Int64 {
    withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { buffer in
      guard let time = buffer.baseAddress, clock_gettime(clock, time) == 0 else { return 0 }
      let words = UnsafeRawPointer(time)
      return words.load(as: Int64.self) * 1_000_000_000 + words.load(fromByteOffset: 8, as: Int64.self)
    }
  }
}
